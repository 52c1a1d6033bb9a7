using System.Buffers;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Brownian;

/// <summary>
/// An ONNX model of one graph, as it is written down operation by operation (onnx.proto's ModelProto; the numbers are its fields). A value is
/// known by its name.
/// </summary>
sealed class OnnxWriter
{
    /// <summary>The version of the standard's operations: the first with all that are needed here.</summary>
    public const int Opset = 17;

    /// <summary>What the extent of the batch is called.</summary>
    public const string Batch = "N";

    const int Float = 1, Int64 = 7;             // TensorProto.DataType
    const int IrVersion = 8;
    const string Microsoft = "com.microsoft";
    const long Largest = int.MaxValue;          // of a protocol buffer

    readonly Message _graph = new();
    readonly Dictionary<string, string> _constants = new(StringComparer.Ordinal);
    int _values;
    bool _usesMicrosoft;

    public OnnxWriter(string name) => _graph.Add(2, name);

    /// <summary>An attribute of an operation: a float, an integer, a text or several integers.</summary>
    public readonly record struct Attribute(string Name, object Value);

    /// <summary>What a caller provides: N of it, each of these extents.</summary>
    public void Input(string name, ReadOnlySpan<int> each, bool integers = false) => _graph.Add(11, ValueInfo(name, each, integers));

    /// <summary>What a caller gets: N of it, each of these extents.</summary>
    public void Output(string value, ReadOnlySpan<int> each) => _graph.Add(12, ValueInfo(value, each, integers: false));

    /// <summary>The same under another name.</summary>
    public void Output(string value, string name, ReadOnlySpan<int> each)
    {
        _graph.Add(1, Node("Identity", [value], [name], []));
        Output(name, each);
    }

    /// <summary>Numbers that are the same for every run.</summary>
    public string Constant(string name, ReadOnlySpan<float> numbers, ReadOnlySpan<int> shape) => Constant(name, MemoryMarshal.AsBytes(numbers), Float, shape);

    /// <summary>Extents or axes, as <c>Reshape</c> and <c>Slice</c> take them; the same ones are stored once.</summary>
    public string Integers(params ReadOnlySpan<int> numbers)
    {
        string key = $"integers {string.Join(' ', numbers.ToArray())}";
        if (_constants.TryGetValue(key, out string? known)) return known;
        long[] wide = Array.ConvertAll(numbers.ToArray(), number => (long)number);
        return _constants[key] = Constant(key, MemoryMarshal.AsBytes(wide.AsSpan()), Int64, [wide.Length]);
    }

    /// <summary>One number, stored once.</summary>
    public string Number(float value) => Shared(FormattableString.Invariant($"number {value:r}"), [value], []);

    /// <summary>A few numbers, stored once.</summary>
    public string Numbers(params ReadOnlySpan<float> values) =>
        Shared("numbers " + string.Join(' ', values.ToArray().Select(value => FormattableString.Invariant($"{value:r}"))), values, [values.Length]);

    string Shared(string key, ReadOnlySpan<float> values, ReadOnlySpan<int> shape) =>
        _constants.TryGetValue(key, out string? known) ? known : _constants[key] = Constant(key, values, shape);

    /// <summary>An operation with one result, whose name is returned.</summary>
    public string Add(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<Attribute> attributes) => Add(operation, inputs, 1, attributes)[0];

    /// <summary>An operation with several results.</summary>
    public string[] Add(string operation, ReadOnlySpan<string> inputs, int results, params ReadOnlySpan<Attribute> attributes)
    {
        string[] outputs = new string[results];
        for (int i = 0; i < results; i++) outputs[i] = $"{operation}_{_values++}";
        _graph.Add(1, Node(operation, inputs, outputs, attributes));
        return outputs;
    }

    /// <summary>One of the operations that ONNX Runtime has beside the standard's.</summary>
    public string AddMicrosoft(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<Attribute> attributes)
    {
        _usesMicrosoft = true;
        string output = $"{operation}_{_values++}";
        _graph.Add(1, Node(operation, inputs, [output], attributes).Add(7, Microsoft));
        return output;
    }

    /// <summary>The model as a file has it.</summary>
    /// <param name="producer">The version of this program.</param>
    /// <exception cref="InvalidDataException">It is larger than a protocol buffer can be.</exception>
    public byte[] ToBytes(string producer)
    {
        if (_graph.Length > Largest) throw new InvalidDataException($"The network takes {_graph.Length} bytes as ONNX, which holds {Largest} in one file; export it in another format.");
        Message model = new Message().Add(1, IrVersion).Add(2, "Brownian").Add(3, producer).Add(7, _graph);
        model.Add(8, new Message().Add(1, "").Add(2, Opset));
        if (_usesMicrosoft) model.Add(8, new Message().Add(1, Microsoft).Add(2, 1));
        return model.ToBytes();
    }

    static Message Node(string operation, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, ReadOnlySpan<Attribute> attributes)
    {
        var node = new Message();
        foreach (string input in inputs) node.Add(1, input);
        foreach (string output in outputs) node.Add(2, output);
        node.Add(3, outputs[0]).Add(4, operation);
        foreach (Attribute attribute in attributes) node.Add(5, Encoded(attribute));
        return node;
    }

    static Message Encoded(Attribute attribute)
    {
        Message message = new Message().Add(1, attribute.Name);
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
        var tensor = new Message();
        foreach (int extent in shape) tensor.Add(1, extent);
        _graph.Add(5, tensor.Add(2, type).Add(8, name).Add(9, ByteString.CopyFrom(bytes)));
        return name;
    }

    static Message ValueInfo(string name, ReadOnlySpan<int> each, bool integers)
    {
        Message extents = new Message().Add(1, new Message().Add(2, Batch));
        foreach (int extent in each) extents.Add(1, new Message().Add(1, extent));
        Message type = new Message().Add(1, integers ? Int64 : Float).Add(2, extents);
        return new Message().Add(1, name).Add(2, new Message().Add(1, type));
    }

    /// <summary>A protocol buffer's message as it grows: fields by number, in the order in which they are added.</summary>
    sealed class Message
    {
        readonly ArrayBufferWriter<byte> _bytes = new();

        public long Length => _bytes.WrittenCount;

        public Message Add(int field, long value) =>
            Add(field, WireFormat.WireType.Varint, CodedOutputStream.ComputeInt64Size(value), to => to.WriteInt64(value));

        public Message Add(int field, float value) =>
            Add(field, WireFormat.WireType.Fixed32, CodedOutputStream.ComputeFloatSize(value), to => to.WriteFloat(value));

        public Message Add(int field, string value) =>
            Add(field, WireFormat.WireType.LengthDelimited, CodedOutputStream.ComputeStringSize(value), to => to.WriteString(value));

        public Message Add(int field, ByteString value) =>
            Add(field, WireFormat.WireType.LengthDelimited, CodedOutputStream.ComputeBytesSize(value), to => to.WriteBytes(value));

        public Message Add(int field, Message value) => Add(field, UnsafeByteOperations.UnsafeWrap(value._bytes.WrittenMemory));

        public byte[] ToBytes() => _bytes.WrittenSpan.ToArray();

        Message Add(int field, WireFormat.WireType type, int size, Action<CodedOutputStream> write)
        {
            byte[] part = new byte[CodedOutputStream.ComputeTagSize(field) + size];
            using (var to = new CodedOutputStream(part))
            {
                to.WriteTag(field, type);
                write(to);
            }
            _bytes.Write(part);
            return this;
        }
    }
}
