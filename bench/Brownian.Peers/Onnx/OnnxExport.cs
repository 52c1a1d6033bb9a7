using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Peers;

/// <summary>
/// Writes a network as ONNX: inputs <c>sample</c> N×C×H×W and <c>timestep</c> N (integers), output <c>output</c> N×C×H×W, for one N.
/// </summary>
static class OnnxExport
{
    const int Timesteps = 1000;

    /// <summary>Runs the network's forward pass on a device that writes down what it is asked to compute.</summary>
    /// <param name="model">What network.</param>
    /// <param name="weights">Another network of that kind, whose weights are written; null for those of a fresh one.</param>
    /// <param name="batch">N.</param>
    /// <param name="path">Where the model goes.</param>
    public static void Write(NetworkOptions model, IDenoisingNetwork? weights, int batch, string path)
    {
        var graph = new OnnxGraph(model.Type);
        using var recorder = new OnnxRecorder(graph);
        IDenoisingNetwork network = model.CreateNetwork(recorder);
        foreach (Parameter parameter in network.Parameters)
        {
            if (weights is not null) parameter.FromTorch(weights.Parameters[parameter.Name].ToTorch());
            recorder.Know(parameter.Value, parameter.Name);
        }
        using NoGrad noGrad = recorder.NoGrad();

        // Networks embed timesteps on the host. One pass over all timesteps, with the smallest images there are, tells what each becomes.
        float[] all = [.. Enumerable.Range(0, Timesteps).Select(t => (float)t)];
        int side = network.SizeMultiple;
        recorder.Rows = Timesteps;
        network.Forward(recorder.Sample(Shape.Of(Timesteps, side, side, network.Channels)), new(all));

        recorder.Begin(batch, Timesteps);
        var shape = Shape.Of(batch, network.Height, network.Width, network.Channels);
        Tensor x = recorder.Sample(shape);
        graph.Input("sample", [batch, shape[3], shape[1], shape[2]]);
        graph.Input("timestep", [batch], integers: true);
        Tensor y = network.Forward(x, new(new float[batch]));
        graph.Name(recorder.Planes(y), "output");
        graph.Output("output", [batch, y.Shape[3], y.Shape[1], y.Shape[2]]);
        graph.Write(path);
    }
}
