using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// The operations of a file compared, one after the other, with those of the network that is expected: its convolutions come out, and the first
/// difference is told.
/// </summary>
/// <param name="graph">The file.</param>
/// <param name="network">What messages call the network.</param>
/// <param name="device">Where the convolutions compute.</param>
sealed class OnnxConvolutions(OnnxGraph graph, string network, Device device)
{
    int _next;

    /// <summary>The next operation, which must be of a kind and read values that are known so far; other inputs are stored tensors.</summary>
    public OnnxNode Next(string operation, params ReadOnlySpan<string> inputs)
    {
        if (_next == graph.Nodes.Count) throw Differs($"it ends after {_next} operations", operation);
        OnnxNode node = graph.Nodes[_next++];
        if (node.Operation != operation) throw Differs($"its operation {_next} is {node.Operation}", operation);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (i >= node.Inputs.Count || node.Inputs[i] != inputs[i])
                throw Differs($"its operation {_next} ({operation}) reads '{(i < node.Inputs.Count ? node.Inputs[i] : "nothing")}'", $"'{inputs[i]}'");
        }
        if (node.Outputs.Count != 1) throw Differs($"its operation {_next} ({operation}) has {node.Outputs.Count} results", "1");
        return node;
    }

    /// <summary>The same of an operation with a window.</summary>
    public OnnxNode Next(string operation, ConvSpec window, params ReadOnlySpan<string> inputs)
    {
        OnnxNode node = Next(operation, inputs);
        Same(node, "kernel_shape", [window.Down.Kernel, window.Across.Kernel]);
        Same(node, "strides", [window.Down.Stride, window.Across.Stride]);
        Same(node, "pads", [window.Down.Padding, window.Across.Padding, window.Down.PaddingAfter, window.Across.PaddingAfter]);
        return node;
    }

    /// <summary>The next two operations, a convolution without bias and its batch norm.</summary>
    /// <param name="x">What the convolution reads.</param>
    /// <param name="inputs">Channels of that.</param>
    /// <param name="outputs">Channels of the result.</param>
    /// <param name="window">Kernel, stride and padding.</param>
    /// <param name="y">What the batch norm writes.</param>
    /// <param name="arrange">What is done to the weight O×I×kh×kw first, if anything.</param>
    public FrozenConvolution Convolution(string x, int inputs, int outputs, ConvSpec window, out string y, Func<float[], float[]>? arrange = null)
    {
        OnnxNode convolution = Next("Conv", window, x);
        if (convolution.Inputs.Count != 2) throw Differs($"its operation {_next} (Conv) has {convolution.Inputs.Count} inputs", "2");
        if (convolution.Integers("group") is not ([] or [1])) Same(convolution, "group", [1]);
        if (convolution.Integers("dilations") is not ([] or [1, 1])) Same(convolution, "dilations", [1, 1]);
        float[] weight = graph.Numbers(convolution.Inputs[1], outputs, inputs, window.Down.Kernel, window.Across.Kernel);
        OnnxNode norm = Next("BatchNormalization", convolution.Outputs[0]);
        if (norm.Inputs.Count != 5) throw Differs($"its operation {_next} (BatchNormalization) has {norm.Inputs.Count} inputs", "5");
        float[] Numbers(int input) => graph.Numbers(norm.Inputs[input], outputs);
        double epsilon = norm.Attributes.TryGetValue("epsilon", out OnnxAttribute? stored) ? stored.Number : 1e-5;
        y = norm.Outputs[0];
        return new(device, window, inputs, arrange?.Invoke(weight) ?? weight, new(Numbers(1), Numbers(2), Numbers(3), Numbers(4), epsilon));
    }

    /// <summary>Refuses a file that goes on, or whose result is another value.</summary>
    public void End(string result)
    {
        if (_next < graph.Nodes.Count) throw Differs($"its operation {_next + 1} is {graph.Nodes[_next].Operation}", "none");
        if (graph.Outputs is not [var output] || output != result) throw Differs($"it gives '{string.Join("', '", graph.Outputs)}'", $"'{result}'");
    }

    void Same(OnnxNode node, string attribute, ReadOnlySpan<int> expected)
    {
        string wanted = string.Join(' ', expected.ToArray()), actual = string.Join(' ', node.Integers(attribute));
        if (wanted != actual) throw Differs($"the {attribute} of its operation {_next} ({node.Operation}) is {(actual.Length == 0 ? "missing" : actual)}", wanted);
    }

    InvalidDataException Differs(string what, string expected) =>
        graph.Bad(string.Create(CultureInfo.InvariantCulture, $"another network than {network}: {what}, where that has {expected}"));
}
