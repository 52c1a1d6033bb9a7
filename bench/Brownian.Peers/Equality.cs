using Brownian.Nn;
using Brownian.Tensors;
using Device = Brownian.Tensors.Device;
using Tensor = Brownian.Tensors.Tensor;
using TorchSharp;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>Do all compute the same function? Each peer's largest difference from Brownian, over the largest number.</summary>
/// <param name="TorchForward">Of TorchSharp's output.</param>
/// <param name="TorchGradient">Of TorchSharp's gradients after a training step's backward pass.</param>
/// <param name="OnnxForward">Of ONNX Runtime's output.</param>
readonly record struct Equality(double TorchForward, double TorchGradient, double OnnxForward)
{
    const int Batch = 3;

    /// <summary>Runs all on the same weights, images and timesteps.</summary>
    /// <param name="model">The network.</param>
    /// <param name="scratch">A file to write an ONNX model to.</param>
    public static Equality Of(NetworkOptions model, string scratch)
    {
        using Device device = Device.Cpu();
        IDenoisingNetwork ours = model.CreateNetwork(device);
        Disturb(ours);
        var shape = Shape.Of(Batch, ours.Height, ours.Width, ours.Channels);
        var random = new Philox(1, Philox.Stream("equality"));
        float[] images = Normal(random.At(0), shape.Count), noise = Normal(random.At(1), shape.Count);
        float[] times = [0, 437, 999];

        using TorchNetwork torchs = TorchNetwork.Like(ours, Layout.ChannelsLast);
        torchs.Load(ours);
        float[] output = Forward(ours, Tensor.From(images, shape, device), times);
        OnnxWork.Write(model, ours, scratch);
        double onnx = Difference(output, OnnxWork.Run(scratch, ChannelsFirst(images, shape), shape, times));
        return new Equality(
            Difference(output, TorchForwardOf(torchs, images, shape, times)),
            Difference(Gradients(ours, images, noise, shape, times), TorchGradients(torchs, ours, images, noise, shape, times)),
            onnx);
    }

    // Fresh weights would hide what is 0 or 1 in them: biases, scales of norms, running statistics.
    static void Disturb(IDenoisingNetwork network)
    {
        var random = new Philox(2, Philox.Stream("disturbance"));
        ulong stream = 0;
        foreach (Parameter parameter in network.Parameters)
        {
            if (parameter.Shape.Rank != 1 || parameter.Shape.Count < 2) continue;
            float[] values = parameter.ToTorch(), by = Normal(random.At(stream++), values.Length);
            for (int i = 0; i < values.Length; i++) values[i] += 0.1f * Math.Clamp(by[i], -3, 3);
            parameter.FromTorch(values);
        }
    }

    static float[] Forward(IDenoisingNetwork network, Tensor x, float[] times)
    {
        using NoGrad noGrad = x.Device.NoGrad();
        using TensorScope scope = x.Device.OpenScope();
        Tensor y = network.Forward(x, new(times));
        return ChannelsFirst(y.ToArray(), y.Shape);
    }

    static float[] Gradients(IDenoisingNetwork network, float[] images, float[] noise, Shape shape, float[] times)
    {
        Device device = network.Parameters.Values.Device;
        using TensorScope scope = device.OpenScope();
        // Batch norms train here as those of PyTorch do. In the other networks activations would drop out, which they do not there.
        Philox? training = network is PlainUNet or SimpleUNet ? new Philox(0, 0) : null;
        network.Forward(Tensor.From(images, shape, device), new(times, training: training)).MeanSquaredError(Tensor.From(noise, shape, device)).Backward();
        return [.. network.Parameters.Trained.SelectMany(parameter => parameter.ToTorch(network.Parameters.Gradients))];
    }

    static float[] TorchForwardOf(TorchNetwork network, float[] images, Shape shape, float[] times)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        network.eval();
        return [.. network.forward(Images(images, shape), Times(times)).contiguous().data<float>()];
    }

    static float[] TorchGradients(TorchNetwork network, IDenoisingNetwork ours, float[] images, float[] noise, Shape shape, float[] times)
    {
        using DisposeScope scope = NewDisposeScope();
        network.train();
        nn.functional.mse_loss(network.forward(Images(images, shape), Times(times)), Images(noise, shape)).backward();
        Dictionary<string, TorchSharp.Modules.Parameter> named = network.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        return [.. ours.Parameters.Trained.SelectMany(parameter => named[parameter.Name].grad!.contiguous().data<float>().ToArray())];
    }

    static torch.Tensor Images(float[] numbers, Shape shape) => tensor(numbers).reshape(shape[0], shape[1], shape[2], shape[3]).permute(0, 3, 1, 2);

    static torch.Tensor Times(float[] times) => tensor(Array.ConvertAll(times, t => (long)t));

    static float[] ChannelsFirst(float[] numbers, Shape shape)
    {
        int pixels = shape[1] * shape[2], channels = shape[3];
        float[] turned = new float[numbers.Length];
        for (int n = 0; n < shape[0]; n++)
        {
            for (int p = 0; p < pixels; p++)
            {
                for (int c = 0; c < channels; c++) turned[(n * channels + c) * pixels + p] = numbers[(n * pixels + p) * channels + c];
            }
        }
        return turned;
    }

    static float[] Normal(Philox random, int count)
    {
        float[] numbers = new float[count];
        random.Normal(numbers);
        return numbers;
    }

    static double Difference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length) return double.PositiveInfinity;
        double largest = 0, difference = 0;
        for (int i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)a[i]));
            double here = Math.Abs((double)a[i] - b[i]);
            difference = double.IsNaN(here) ? double.PositiveInfinity : Math.Max(difference, here);
        }
        return difference / largest;
    }
}
