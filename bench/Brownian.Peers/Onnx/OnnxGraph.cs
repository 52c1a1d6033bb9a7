using System.Runtime.InteropServices;

namespace Brownian.Peers;

/// <summary>
/// An ONNX model of one graph, as it is written down operation by operation (onnx.proto's ModelProto; the numbers are its fields).
/// A value is known by its name.
/// </summary>
sealed class OnnxGraph
{
    const int Float = 1, Int64 = 7;             // TensorProto.DataType
    const int IrVersion = 8, Opset = 17;
    const string Microsoft = "com.microsoft";    // operators that ONNX Runtime has beside the standard's

    readonly ProtoMessage _graph = new();
    readonly Dictionary<string, string> _constants = [];
    int _values;

    public OnnxGraph(string name) => _graph.Add(2, name);

    /// <summary>An attribute of an operation: a float, an integer, a text or several integers.</summary>
    public readonly record struct Attribute(string Name, object Value);

    public void Input(string name, ReadOnlySpan<int> shape, bool integers = false) => _graph.Add(11, ValueInfo(name, shape, integers));

    public void Output(string name, ReadOnlySpan<int> shape) => _graph.Add(12, ValueInfo(name, shape, integers: false));

    /// <summary>Numbers that are the same for every run.</summary>
    public string Constant(string name, ReadOnlySpan<float> numbers, ReadOnlySpan<int> shape) =>
        Constant(name, MemoryMarshal.AsBytes(numbers), Float, shape);

    /// <summary>Extents, as <c>Reshape</c> takes them; the same extents are stored once.</summary>
    public string Extents(params ReadOnlySpan<int> extents)
    {
        string key = $"extents {string.Join('x', extents.ToArray())}";
        if (_constants.TryGetValue(key, out string? known)) return known;
        long[] wide = Array.ConvertAll(extents.ToArray(), extent => (long)extent);
        return _constants[key] = Constant(key, MemoryMarshal.AsBytes(wide.AsSpan()), Int64, [wide.Length]);
    }

    /// <summary>One number, stored once.</summary>
    public string Number(float value) => Shared($"number {value:r}", [value], []);

    /// <summary>A few numbers, stored once.</summary>
    public string Numbers(params ReadOnlySpan<float> values) => Shared($"numbers {string.Join(' ', values.ToArray())}", values, [values.Length]);

    string Shared(string key, ReadOnlySpan<float> values, ReadOnlySpan<int> shape) =>
        _constants.TryGetValue(key, out string? known) ? known : _constants[key] = Constant(key, values, shape);

    /// <summary>An operation with one result, whose name is returned.</summary>
    public string Add(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<Attribute> attributes) =>
        Add(operation, inputs, 1, attributes)[0];

    /// <summary>An operation with several results.</summary>
    public string[] Add(string operation, ReadOnlySpan<string> inputs, int results, params ReadOnlySpan<Attribute> attributes) =>
        Node(operation, "", inputs, results, attributes);

    /// <summary>One of ONNX Runtime's own operations.</summary>
    public string AddMicrosoft(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<Attribute> attributes) =>
        Node(operation, Microsoft, inputs, 1, attributes)[0];

    /// <summary>Gives a value another name.</summary>
    public void Name(string value, string name) => _graph.Add(1, Node("Identity", "", [value], [name], []));

    /// <summary>Writes the model.</summary>
    public void Write(string path)
    {
        var model = new ProtoMessage();
        model.Add(1, IrVersion).Add(2, "Brownian").Add(7, _graph);
        model.Add(8, new ProtoMessage().Add(1, "").Add(2, Opset));
        model.Add(8, new ProtoMessage().Add(1, Microsoft).Add(2, 1));
        using FileStream file = File.Create(path);
        file.Write(model.Bytes);
    }

    string[] Node(string operation, string domain, ReadOnlySpan<string> inputs, int results, ReadOnlySpan<Attribute> attributes)
    {
        string[] outputs = new string[results];
        for (int i = 0; i < results; i++) outputs[i] = $"{operation}_{_values++}";
        _graph.Add(1, Node(operation, domain, inputs, outputs, attributes));
        return outputs;
    }

    static ProtoMessage Node(
        string operation, string domain, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, ReadOnlySpan<Attribute> attributes)
    {
        var node = new ProtoMessage();
        foreach (string input in inputs) node.Add(1, input);
        foreach (string output in outputs) node.Add(2, output);
        node.Add(3, outputs[0]).Add(4, operation);
        foreach (Attribute attribute in attributes) node.Add(5, Message(attribute));
        return node.Add(7, domain);
    }

    static ProtoMessage Message(Attribute attribute)
    {
        ProtoMessage message = new ProtoMessage().Add(1, attribute.Name);
        switch (attribute.Value)
        {
            case float number: return message.Add(2, number).Add(20, 1);
            case int number: return message.Add(3, number).Add(20, 2);
            case string text: return message.Add(4, text).Add(20, 3);
            case int[] numbers:
                foreach (int number in numbers) message.Add(8, number);
                return message.Add(20, 7);
            default: throw new ArgumentException($"An attribute cannot be {attribute.Value}.");
        }
    }

    string Constant(string name, ReadOnlySpan<byte> bytes, int type, ReadOnlySpan<int> shape)
    {
        var tensor = new ProtoMessage();
        foreach (int extent in shape) tensor.Add(1, extent);
        _graph.Add(5, tensor.Add(2, type).Add(8, name).Add(9, bytes));
        return name;
    }

    static ProtoMessage ValueInfo(string name, ReadOnlySpan<int> shape, bool integers)
    {
        var extents = new ProtoMessage();
        foreach (int extent in shape) extents.Add(1, new ProtoMessage().Add(1, extent));
        ProtoMessage type = new ProtoMessage().Add(1, integers ? Int64 : Float).Add(2, extents);
        return new ProtoMessage().Add(1, name).Add(2, new ProtoMessage().Add(1, type));
    }
}
