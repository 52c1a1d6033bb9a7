using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Brownian.Evaluation;

/// <summary>An operation of a graph: the values it reads and writes, by name, and its attributes.</summary>
sealed record OnnxNode(string Operation, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, OnnxAttribute> Attributes)
{
    /// <summary>Several whole numbers, or none.</summary>
    public IReadOnlyList<long> Integers(string attribute) => Attributes.TryGetValue(attribute, out OnnxAttribute? found) ? found.Integers : [];
}

/// <summary>An attribute: one number or text, or several whole numbers, whichever was stored.</summary>
sealed record OnnxAttribute(string Name, float Number, IReadOnlyList<long> Integers);

/// <summary>
/// The graph of an ONNX file (onnx.proto3 of ONNX 1.x; the numbers of fields are those of its messages): operations in order, and the tensors
/// stored with them. What a network of convolutions has no use for is passed over.
/// </summary>
sealed class OnnxGraph
{
    const uint Varint = 0, Bytes = 2, Fixed32 = 5;      // wire types; a tag is field · 8 + type
    const long Largest = 1L << 28;                      // four times the largest network that is read here
    const int Float = 1;                                // TensorProto.DataType

    readonly List<OnnxNode> _nodes = [];
    readonly List<string> _inputs = [], _outputs = [];
    readonly Dictionary<string, OnnxTensor> _tensors = new(StringComparer.Ordinal);

    OnnxGraph(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>All operations, each after those whose results it reads.</summary>
    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>The values that a caller provides.</summary>
    public IEnumerable<string> Inputs => _inputs.Where(name => !_tensors.ContainsKey(name));

    /// <summary>The values that a caller gets.</summary>
    public IReadOnlyList<string> Outputs => _outputs;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no ONNX file, damaged, or too large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OnnxGraph Read(string path)
    {
        long length = Files.Naming(path, () => new FileInfo(path).Length);
        if (length > Largest) throw new InvalidDataException($"{path}: {Counted.Of(length, "byte")}; no ONNX file that is read here has more than {Largest}.");
        byte[] bytes = Files.Naming(path, () => File.ReadAllBytes(path));
        var graph = new OnnxGraph(path);
        try
        {
            graph.ReadModel(new CodedInputStream(bytes));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{path}: no ONNX file, or a damaged one: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        if (graph._nodes.Count == 0) throw new InvalidDataException($"{path}: no ONNX file: there is no graph of operations in it.");
        return graph;
    }

    /// <summary>The numbers of a stored tensor.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor of floats of this shape.</exception>
    public float[] Numbers(string name, params ReadOnlySpan<int> shape)
    {
        if (!_tensors.TryGetValue(name, out OnnxTensor? tensor)) throw Bad($"no tensor '{name}' is stored in the file");
        string wanted = string.Join('×', shape.ToArray()), actual = string.Join('×', tensor.Extents);
        if (wanted != actual) throw Bad($"the tensor '{name}' is {actual}, where {wanted} is wanted");
        if (tensor.Type != Float) throw Bad($"the tensor '{name}' is of ONNX's type {tensor.Type}, where floats (1) are wanted");
        int count = 1;
        foreach (int extent in shape) count *= extent;
        ReadOnlySpan<byte> data = tensor.Data.Span;
        if (data.Length != (long)count * sizeof(float)) throw Bad($"the tensor '{name}' of {actual} has {Counted.Of(data.Length, "byte")}; is the file damaged?");
        float[] numbers = new float[count];
        if (BitConverter.IsLittleEndian) data.CopyTo(MemoryMarshal.AsBytes(numbers.AsSpan()));
        else for (int i = 0; i < count; i++) numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(data[(i * sizeof(float))..]);
        return numbers;
    }

    /// <summary>The error to throw for what is wrong with this file.</summary>
    public InvalidDataException Bad(string problem) => new($"{Path}: {problem}.");

    // ModelProto
    void ReadModel(CodedInputStream input)
    {
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == (7 << 3 | Bytes)) ReadGraph(input.ReadBytes().CreateCodedInput());
            else input.SkipLastField();
        }
    }

    // GraphProto
    void ReadGraph(CodedInputStream input)
    {
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 1 << 3 | Bytes: _nodes.Add(ReadNode(input.ReadBytes().CreateCodedInput())); break;
                case 5 << 3 | Bytes: ReadTensor(input.ReadBytes().CreateCodedInput()); break;
                case 11 << 3 | Bytes: _inputs.Add(ReadName(input.ReadBytes().CreateCodedInput())); break;
                case 12 << 3 | Bytes: _outputs.Add(ReadName(input.ReadBytes().CreateCodedInput())); break;
                default: input.SkipLastField(); break;
            }
        }
    }

    // NodeProto
    static OnnxNode ReadNode(CodedInputStream input)
    {
        List<string> inputs = [], outputs = [];
        var attributes = new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
        string operation = "";
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 1 << 3 | Bytes: inputs.Add(input.ReadString()); break;
                case 2 << 3 | Bytes: outputs.Add(input.ReadString()); break;
                case 4 << 3 | Bytes: operation = input.ReadString(); break;
                case 5 << 3 | Bytes:
                    OnnxAttribute attribute = ReadAttribute(input.ReadBytes().CreateCodedInput());
                    attributes[attribute.Name] = attribute;
                    break;
                default: input.SkipLastField(); break;
            }
        }
        return new(operation, inputs, outputs, attributes);
    }

    // AttributeProto
    static OnnxAttribute ReadAttribute(CodedInputStream input)
    {
        string name = "";
        float number = 0;
        var integers = new List<long>();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 1 << 3 | Bytes: name = input.ReadString(); break;
                case 2 << 3 | Fixed32: number = input.ReadFloat(); break;
                case 3 << 3 | Varint or 8 << 3 | Varint: integers.Add(input.ReadInt64()); break;
                case 8 << 3 | Bytes: ReadPacked(input.ReadBytes().CreateCodedInput(), integers); break;
                default: input.SkipLastField(); break;
            }
        }
        return new(name, number, integers);
    }

    // TensorProto: its floats are packed in a field of their own, or raw.
    void ReadTensor(CodedInputStream input)
    {
        var extents = new List<long>();
        int type = 0;
        string name = "";
        ByteString data = ByteString.Empty;
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 1 << 3 | Varint: extents.Add(input.ReadInt64()); break;
                case 1 << 3 | Bytes: ReadPacked(input.ReadBytes().CreateCodedInput(), extents); break;
                case 2 << 3 | Varint: type = input.ReadInt32(); break;
                case 4 << 3 | Bytes or 9 << 3 | Bytes: data = input.ReadBytes(); break;
                case 8 << 3 | Bytes: name = input.ReadString(); break;
                default: input.SkipLastField(); break;
            }
        }
        _tensors[name] = new(extents, type, data);
    }

    // ValueInfoProto
    static string ReadName(CodedInputStream input)
    {
        string name = "";
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == (1 << 3 | Bytes)) name = input.ReadString();
            else input.SkipLastField();
        }
        return name;
    }

    static void ReadPacked(CodedInputStream input, List<long> numbers)
    {
        while (!input.IsAtEnd) numbers.Add(input.ReadInt64());
    }

    sealed record OnnxTensor(IReadOnlyList<long> Extents, int Type, ByteString Data);
}
