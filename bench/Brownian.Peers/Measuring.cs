using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Brownian.Tensors;
using Tensor = TorchSharp.torch.Tensor;
using TorchSharp;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary><c>measure</c>: one measurement of one peer, printed as a line of JSON; started by <see cref="PeerContestant"/>.</summary>
static class Measuring
{
    const int WarmUp = 2, LeastSteps = 2, MostSteps = 300;
    const double LongEnough = 4;        // seconds after which no further step warms up

    // Side, channels in and out of 3×3 convolutions that the networks spend their time in, as bench/Brownian.Bench has them.
    static readonly (int Side, int Inputs, int Outputs)[] Shapes =
        [(32, 64, 64), (32, 128, 128), (16, 256, 256), (8, 512, 512), (14, 128, 128), (28, 64, 64), (28, 64, 16), (14, 128, 32), (7, 256, 256), (32, 256, 128), (4, 256, 256)];
    const int ConvolutionBatch = 16;

    public static int Run(string what, IReadOnlyDictionary<string, string> options)
    {
        int threads = options.TryGetValue("--threads", out string? count) ? int.Parse(count, CultureInfo.InvariantCulture) : 0;
        Layout layout = options.TryGetValue("--layout", out string? name) ? Enum.Parse<Layout>(name) : default;
        if (what != "onnx") LoadTorch(threads);
        switch (what)
        {
            case "torch": MeasureTorch(WorkOf(options, threads), layout); break;
            case "onnx": MeasureOnnx(WorkOf(options, threads)); break;
            case "convolutions": MeasureConvolutions(layout); break;
            case "equality": CompareOutputs(options["--config"]); break;
            default: throw new ArgumentException($"'{what}' cannot be measured.");
        }
        return 0;
    }

    static void LoadTorch(int threads)
    {
        TorchLibrary.Load();
        if (threads > 0) set_num_threads(threads);
    }

    static Work WorkOf(IReadOnlyDictionary<string, string> options, int threads) => new(
        options["--what"], options["--config"], int.Parse(options["--batch"], CultureInfo.InvariantCulture), threads,
        double.Parse(options["--seconds"], CultureInfo.InvariantCulture));

    static void MeasureTorch(Work work, Layout layout)
    {
        random.manual_seed(0);
        using var tracing = new TracingDevice();
        IDenoisingNetwork like = TrainConfig.Load(work.Config).Model.CreateNetwork(tracing);
        using TorchNetwork network = TorchNetwork.Like(like, layout);
        Tensor images = TorchWork.Images(like, work.Batch, layout);
        Action step = work.What == "train" ? TorchWork.Training(network, images) : TorchWork.Forward(network, images);
        if (work.Seconds == 0)
        {
            step();
            Print(new() { ["steps"] = 1 });
            return;
        }
        Report(work, step, network.parameters().Where(p => p.requires_grad).Sum(p => p.numel()));
    }

    static void MeasureOnnx(Work work)
    {
        NetworkOptions model = TrainConfig.Load(work.Config).Model;
        Directory.CreateDirectory(Rows.Scratch);
        string path = Path.Combine(Rows.Scratch, $"{Path.GetFileNameWithoutExtension(work.Config)}.onnx");
        if (!IsNewerThan(path, work.Config, typeof(OnnxFolder).Assembly.Location)) OnnxWork.Write(model, null, path);
        var shape = Shape.Of(work.Batch, model.Height, model.Width, model.Channels);
        float[] images = new float[shape.Count], times = new float[work.Batch];
        new Philox(0, Philox.Stream("images")).Uniform(images);
        Array.Fill(times, 500);
        using var run = new OnnxWork(path, images, shape, times, work.Threads);
        Report(work, run.Step, parameters: 0);
    }

    static bool IsNewerThan(string path, params ReadOnlySpan<string> sources)
    {
        if (!File.Exists(path)) return false;
        foreach (string source in sources)
        {
            if (File.GetLastWriteTimeUtc(source) >= File.GetLastWriteTimeUtc(path)) return false;
        }
        return true;
    }

    static void Report(Work work, Action step, long parameters)
    {
        double[] seconds = Seconds(step, work.Seconds);
        double median = (seconds[(seconds.Length - 1) / 2] + seconds[seconds.Length / 2]) / 2;
        Print(new()
        {
            ["imgPerSec"] = work.Batch / median,
            ["imgPerSecBest"] = work.Batch / seconds[0],
            ["steps"] = seconds.Length,
            ["parameters"] = parameters,
            ["threads"] = work.Threads,
            ["peakMemoryMB"] = ProcessMemory.Peak / 1e6,
        });
    }

    // Sorted. As many as fit into the time, but at least two after a warm-up.
    static double[] Seconds(Action step, double budget)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < WarmUp && Stopwatch.GetElapsedTime(begin).TotalSeconds < LongEnough; i++) step();
        var seconds = new List<double>();
        begin = Stopwatch.GetTimestamp();
        while (seconds.Count < LeastSteps || (seconds.Count < MostSteps && Stopwatch.GetElapsedTime(begin).TotalSeconds < budget))
        {
            long start = Stopwatch.GetTimestamp();
            step();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return [.. seconds.Order()];
    }

    static void MeasureConvolutions(Layout layout)
    {
        foreach ((int side, int inputs, int outputs) in Shapes)
        {
            Tensor x = layout.Order(randn(ConvolutionBatch, inputs, side, side)).requires_grad_();
            Tensor w = layout.Order(randn(outputs, inputs, 3, 3) / MathF.Sqrt(9 * inputs)).requires_grad_();
            Tensor bias = randn(outputs).requires_grad_(), dy = layout.Order(randn(ConvolutionBatch, outputs, side, side));
            double[] seconds = Seconds(() =>
            {
                using DisposeScope scope = NewDisposeScope();
                autograd.grad([nn.functional.conv2d(x, w, bias, padding: [1L, 1L])], [x, w, bias], [dy]);
            }, 0.5);
            double flops = 3 * 2.0 * ConvolutionBatch * side * side * inputs * outputs * 9;
            Print(new() { ["gflops"] = 1e-9 * flops / seconds[seconds.Length / 2] }, $"{ConvolutionBatch}x{side}x{side} {inputs}->{outputs}");
        }
    }

    static void CompareOutputs(string config)
    {
        Directory.CreateDirectory(Rows.Scratch);
        Equality found = Equality.Of(TrainConfig.Load(config).Model, Path.Combine(Rows.Scratch, "equality.onnx"));
        Print(new() { ["torchForward"] = found.TorchForward, ["torchGradient"] = found.TorchGradient, ["onnxForward"] = found.OnnxForward });
    }

    static void Print(Measurement value, string? shape = null)
    {
        using Stream output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            if (shape is not null) json.WriteString("shape", shape);
            foreach ((string name, double number) in value)
            {
                if (double.IsFinite(number)) json.WriteNumber(name, number);
                else json.WriteNumber(name, double.MaxValue);
            }
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }
}
