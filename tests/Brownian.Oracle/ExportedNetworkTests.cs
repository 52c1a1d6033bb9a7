using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace Brownian.Oracle;

/// <summary>Networks as <c>export --format onnx</c> writes them, run by ONNX Runtime, against the networks themselves.</summary>
public sealed class ExportedNetworkTests(ITestOutputHelper output) : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("brownian-oracle").FullName;
    readonly Device _device = Device.Cpu();

    public void Dispose()
    {
        _device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    static readonly int[] Batches = [1, 3], SomeLabels = [4, 0, 2];
    static readonly float[] SomeTimes = [7, 500, 999];
    static readonly string[] SomePresets = ["digits", "cifar10-paper", "tutorial-mnist"];

    const string Small = "block_out_channels=[32,64] layers_per_block=1 norm_num_groups=8 sample_size=16 in_channels=2 out_channels=2 ";
    const string Plain = "down_block_types=['DownBlock2D','AttnDownBlock2D'] up_block_types=['AttnUpBlock2D','UpBlock2D']";

    [Theory]
    [InlineData("tutorial_unet", "im_size=14 down_channels=[16,32,32] mid_channels=[32,32] down_sample=[true,true] num_down_layers=1 num_up_layers=1 num_mid_layers=1 time_emb_dim=32")]
    [InlineData("plain_unet", "w=16 time_dim=32 im_size=[16,32]")]
    [InlineData("residual_unet", "base_channels=16 base_channels_multiples=[1,2] apply_attention=[false,true] num_res_blocks=1 im_size=16")]
    [InlineData("simple_unet", "down_channels=[8,16,32] im_size=16")]
    [InlineData("unet2d", Small + Plain)]
    [InlineData("unet2d", Small + Plain + " num_class_embeds=5")]
    [InlineData("unet2d", Small + Plain + " self_condition=true")]
    [InlineData("unet2d", Small + Plain + " resnet_time_scale_shift=scale_shift flip_sin_to_cos=true freq_shift=0 downsample_padding=1")]
    [InlineData("unet2d", Small + Plain + " act_fn=mish attention_head_dim=16 mid_block_scale_factor=1.41")]
    [InlineData("unet2d", Small + Plain + " act_fn=gelu time_embedding_type=fourier")]
    [InlineData("unet2d", Small + Plain + " act_fn=relu time_embedding_type=learned num_train_timesteps=1000 add_attention=false")]
    [InlineData("unet2d", Small + Plain + " downsample_type=resnet upsample_type=resnet")]
    [InlineData("unet2d", Small + "down_block_types=['ResnetDownsampleBlock2D','AttnDownBlock2D'] up_block_types=['AttnUpBlock2D','ResnetUpsampleBlock2D']")]
    [InlineData("unet2d", Small + "down_block_types=['SkipDownBlock2D','SkipDownBlock2D'] up_block_types=['SkipUpBlock2D','SkipUpBlock2D'] norm_num_groups=32 block_out_channels=[32,128] in_channels=3 out_channels=3")]
    [InlineData("unet2d", Small + Plain + " center_input_sample=true sample_size=[17,30]")]
    public void A_network_equals_itself_in_ONNX_Runtime_for_any_batch(string type, string options)
    {
        NetworkOptions model = new TrainConfig().With([$"model_params.type={type}", .. options.Split(' ').Select(option => $"model_params.{option}")]).Model;
        IDenoisingNetwork network = model.CreateNetwork(_device, seed: 3);
        Disturb(network);
        byte[] file = OnnxFolder.NetworkOf(network, model);
        using var session = new InferenceSession(file);
        foreach (int batch in Batches)
        {
            float[] times = [.. SomeTimes.Take(batch)];
            int[] labels = network.Classes == 0 ? [] : [.. SomeLabels.Take(batch)];
            float[] x = Normal(batch, batch * network.Height * network.Width * network.SeenChannels);
            AssertClose(Answer(network, x, times, labels), Run(session, network, x, times, labels), $"{type} of {batch}");
        }
    }

    [Fact]
    public void The_presets_networks_are_written_whole()
    {
        foreach (string preset in SomePresets)
        {
            NetworkOptions model = Presets.Load(preset).Model;
            IDenoisingNetwork network = model.CreateNetwork(_device, seed: 1);
            using var session = new InferenceSession(OnnxFolder.NetworkOf(network, model));
            float[] x = Normal(5, network.Height * network.Width * network.Channels);
            AssertClose(Answer(network, x, [321], []), Run(session, network, x, [321], []), preset);
        }
    }

    /// <summary>The steps that the JSON lists, taken with ONNX Runtime by its algorithm, against our own denoiser at the same noise levels.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("prediction_type=v_prediction beta_schedule=cosine")]
    [InlineData("process=flow")]
    [InlineData("process=flow prediction_type=sample shift=2")]
    [InlineData("process=edm")]
    public void The_steps_beside_it_draw_what_our_denoiser_draws(string diffusion)
    {
        TrainConfig config = new TrainConfig().With([
            "model_params.type=unet2d", .. (Small + Plain).Split(' ').Select(option => $"model_params.{option}"),
            .. diffusion.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(option => $"diffusion_params.{option}")]);
        IDenoisingNetwork network = config.Model.CreateNetwork(_device, seed: 3);
        Disturb(network);
        var model = new DiffusionModel(ModelDescription.Of(config), network, _device, hash: "");
        string folder = Path.Combine(_folder, "exported");
        Assert.Equal("onnx", ModelFolder.Export(folder, model, "onnx").Name);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, OnnxFolder.SamplingName)));
        JsonElement[] steps = [.. json.RootElement.GetProperty("steps").EnumerateArray()];
        using var session = new InferenceSession(Path.Combine(folder, OnnxFolder.ModelName));
        IDenoiser denoiser = model.ToDenoiser();
        float[] theirs = Normal(9, 16 * 16 * 2), ours = [.. theirs];
        Scale(theirs, Get(steps[0], "sigma"));
        Scale(ours, Get(steps[0], "sigma"));
        double clip = json.RootElement.GetProperty("clip").GetDouble();
        for (int i = 0; i + 1 < steps.Length; i++)
        {
            JsonElement here = steps[i], next = steps[i + 1];
            float[] seen = [.. theirs];
            Scale(seen, Get(here, "input_scale"));
            float[] answer = Run(session, network, seen, [(float)Get(here, "timestep")], []);
            Advance(theirs, answer, Get(here, "x0_of_sample"), Get(here, "x0_of_prediction"), here, next, clip);
            using TensorScope scope = _device.OpenScope();
            var level = new NoiseLevel(Get(here, "alpha"), Get(here, "sigma"), Get(here, "timestep"));
            float[] x0 = denoiser.Predict(Tensor.From(ours, Shape.Of(1, 16, 16, 2), _device), level).X0.ToArray();
            Advance(ours, x0, 0, 1, here, next, clip);
        }
        Assert.Equal((1, 0), (Get(steps[^1], "alpha"), Get(steps[^1], "sigma")));
        AssertClose(ours, theirs, diffusion, tolerance: 1e-3);

        static void Advance(float[] x, float[] answer, double ofSample, double ofAnswer, JsonElement here, JsonElement next, double clip)
        {
            for (int i = 0; i < x.Length; i++)
            {
                double x0 = Math.Clamp(ofSample * x[i] + ofAnswer * answer[i], -clip, clip);
                double noise = (x[i] - Get(here, "alpha") * x0) / Get(here, "sigma");
                x[i] = (float)(Get(next, "alpha") * x0 + Get(next, "sigma") * noise);
            }
        }

        static double Get(JsonElement step, string name) => step.GetProperty(name).GetDouble();

        static void Scale(float[] x, double by)
        {
            for (int i = 0; i < x.Length; i++) x[i] = (float)(x[i] * by);
        }
    }

    // N×H×W×C in and out.
    float[] Answer(IDenoisingNetwork network, float[] x, float[] times, int[] labels)
    {
        using NoGrad noGrad = _device.NoGrad();
        using TensorScope scope = _device.OpenScope();
        var shape = Shape.Of(times.Length, network.Height, network.Width, network.SeenChannels);
        return network.Answer(Tensor.From(x, shape, _device), new(times, labels)).ToArray();
    }

    static float[] Run(InferenceSession session, IDenoisingNetwork network, float[] x, float[] times, int[] labels)
    {
        int batch = times.Length, pixels = network.Height * network.Width, seen = network.SeenChannels, channels = network.Channels;
        long[] shape = [batch, channels, network.Height, network.Width];
        // What the network sees is the image, and then its estimate.
        float[] sample = Part(0), estimate = Part(seen - channels);
        using var first = OrtValue.CreateTensorValueFromMemory(sample, shape);
        using var second = OrtValue.CreateTensorValueFromMemory(estimate, shape);
        using var time = OrtValue.CreateTensorValueFromMemory(times, [batch]);
        using var label = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(labels, l => (long)l), [labels.Length]);
        Dictionary<string, OrtValue> inputs = new() { ["sample"] = first, ["timestep"] = time };
        if (seen != channels) inputs["estimate"] = second;
        if (labels.Length > 0) inputs["label"] = label;
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, inputs, ["prediction"]);
        float[] planes = results[0].GetTensorDataAsSpan<float>().ToArray();
        int outputs = network.OutputChannels;
        float[] rows = new float[planes.Length];
        for (int n = 0; n < batch; n++)
            for (int p = 0; p < pixels; p++)
                for (int c = 0; c < outputs; c++) rows[(n * pixels + p) * outputs + c] = planes[(n * outputs + c) * pixels + p];
        return rows;

        float[] Part(int from)
        {
            float[] part = new float[batch * pixels * channels];
            for (int n = 0; n < batch; n++)
                for (int p = 0; p < pixels; p++)
                    for (int c = 0; c < channels; c++) part[(n * channels + c) * pixels + p] = x[(n * pixels + p) * seen + from + c];
            return part;
        }
    }

    // Fresh weights would hide what is 0 or 1 in them: biases, scales of norms, running statistics.
    static void Disturb(IDenoisingNetwork network)
    {
        int seed = 100;
        foreach (Parameter parameter in network.Parameters)
        {
            if (parameter.Shape.Rank != 1 || parameter.Shape.Count < 2) continue;
            float[] values = parameter.ToTorch(), by = Normal(seed++, values.Length);
            for (int i = 0; i < values.Length; i++) values[i] += 0.1f * Math.Clamp(by[i], -3, 3);
            parameter.FromTorch(values);
        }
    }

    static float[] Normal(int seed, int count)
    {
        float[] numbers = new float[count];
        new Philox((ulong)seed, Philox.Stream("test")).Normal(numbers);
        return numbers;
    }

    void AssertClose(float[] expected, float[] actual, string what, double tolerance = 1e-4)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs), error = expected.Zip(actual, (x, y) => Math.Abs((double)x - y)).Max();
        output.WriteLine($"{what}: largest {largest:G4}, error {error / largest:G3} of it");
        Assert.True(error <= tolerance * largest, $"{what}: an error of {error:G3} where the largest number is {largest:G3}");
    }
}
