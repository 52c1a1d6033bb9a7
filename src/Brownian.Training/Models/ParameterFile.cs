using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>Buffers of a model's parameters as safetensors, under PyTorch's names and in its order of axes.</summary>
static class ParameterFile
{
    /// <summary>Writes each buffer's part of every parameter as prefix + name.</summary>
    public static void Write(string path, IEnumerable<Parameter> parameters, params ReadOnlySpan<(string Prefix, Tensor Buffer)> buffers) =>
        Write(path, parameters, SafetensorsType.F32, buffers);

    /// <summary>The same as floats of another size.</summary>
    /// <param name="path">The file: of <c>torch.save</c> if it ends in <c>.pth</c>, otherwise safetensors.</param>
    /// <param name="parameters">What the buffers hold.</param>
    /// <param name="type">F32, or F16 for files of half the size: 11 bits of each number are kept.</param>
    /// <param name="buffers">What to write, with what its names begin with.</param>
    /// <exception cref="InvalidDataException">A number is too large for F16.</exception>
    public static void Write(
        string path, IEnumerable<Parameter> parameters, SafetensorsType type, params ReadOnlySpan<(string Prefix, Tensor Buffer)> buffers)
    {
        WriteParts(path, type, Parts(parameters, buffers));
    }

    /// <summary>The same for the state of an optimiser, whose buffers may hold numbers for some of the parameters only.</summary>
    public static void Write(string path, IEnumerable<OptimizerState> state) => WriteParts(path, SafetensorsType.F32, state);

    static OptimizerState[] Parts(IEnumerable<Parameter> parameters, ReadOnlySpan<(string Prefix, Tensor Buffer)> buffers)
    {
        Parameter[] all = [.. parameters];
        var parts = new OptimizerState[buffers.Length];
        for (int i = 0; i < parts.Length; i++) parts[i] = new(buffers[i].Prefix, buffers[i].Buffer, all);
        return parts;
    }

    static void WriteParts(string path, SafetensorsType type, IEnumerable<OptimizerState> parts)
    {
        int longest = parts.SelectMany(part => part.Parameters).Max(parameter => parameter.Shape.Count);
        float[] values = new float[longest], scratch = new float[longest];      // for all: a large model's would fill the heap with garbage
        ITensorWriter writer = Path.GetExtension(path) == TorchWriter.Extension ? new TorchWriter() : new SafetensorsWriter { Metadata = { ["format"] = "pt" } };
        foreach ((string prefix, Tensor buffer, IReadOnlyList<Parameter> parameters) in parts)
        {
            foreach (Parameter parameter in parameters)
            {
                bool isCount = parameter.Layout == ParameterLayout.Count;
                writer.Add(prefix + parameter.Name, isCount ? SafetensorsType.I64 : type, Extents(parameter), stream =>
                {
                    Span<float> target = values.AsSpan(0, parameter.Shape.Count);
                    parameter.ToTorch(buffer, target, scratch.AsSpan(0, target.Length));
                    if (isCount) WriteCount(stream, target[0]);
                    else if (type == SafetensorsType.F16) WriteHalves(stream, target, $"{path}: tensor '{prefix}{parameter.Name}'");
                    else WriteFloats(stream, target);
                });
            }
        }
        writer.Write(path);
    }

    /// <summary>The memory that <see cref="Write(string, IEnumerable{Parameter}, ReadOnlySpan{ValueTuple{string, Tensor}})"/> takes.</summary>
    public static long WritingBytes(ParameterSet parameters) => 2L * sizeof(float) * parameters.Max(parameter => parameter.Shape.Count);

    /// <summary>Overwrites the buffers with what <see cref="Write(string, IEnumerable{Parameter}, ReadOnlySpan{ValueTuple{string, Tensor}})"/> wrote.</summary>
    /// <exception cref="InvalidDataException">
    /// A tensor is missing, too many, of another shape or of integers, or holds a number that is not finite; the message names it.
    /// </exception>
    public static void Read(string path, IEnumerable<Parameter> parameters, params ReadOnlySpan<(string Prefix, Tensor Buffer)> buffers)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        Read(file, parameters, buffers);
    }

    /// <summary>The same from a file of any format that is open.</summary>
    /// <inheritdoc cref="Read(string, IEnumerable{Parameter}, ReadOnlySpan{ValueTuple{string, Tensor}})"/>
    public static void Read(ITensorFile file, IEnumerable<Parameter> parameters, params ReadOnlySpan<(string Prefix, Tensor Buffer)> buffers) =>
        ReadParts(file, Parts(parameters, buffers));

    /// <summary>The same for the state of an optimiser.</summary>
    /// <exception cref="InvalidDataException">As for a model, and where another optimiser wrote the file.</exception>
    public static void Read(string path, IReadOnlyList<OptimizerState> state, OptimizerKind optimizer)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        foreach (OptimizerState part in state)
        {
            if (part.Parameters is not [{ } first, ..] || file.TryGetShape(part.Prefix + first.Name, out _)) continue;
            throw new InvalidDataException(
                $"{path}: no tensor '{part.Prefix}{first.Name}': another optimizer wrote it than train_params.optimizer, {Names.Of(optimizer)}; "
                + "set that back, or begin a new run.");
        }
        ReadParts(file, state);
    }

    static void ReadParts(ITensorFile file, IEnumerable<OptimizerState> parts)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string prefix, Tensor buffer, IReadOnlyList<Parameter> parameters) in parts)
        {
            foreach (Parameter parameter in parameters)
            {
                string name = prefix + parameter.Name;
                expected.Add(name);
                bool mayBeMissing = parameter.Layout == ParameterLayout.Count;     // PyTorch did not always write it
                if (mayBeMissing && !file.TryGetShape(name, out _)) continue;
                CheckShape(file, name, parameter);
                CheckType(file, name, parameter);
                float[] values = file.ReadFloats(name);
                CheckFinite(file, name, values);
                parameter.FromTorch(values, buffer);
            }
        }
        if (file.Names.FirstOrDefault(name => !expected.Contains(name) && !IsCount(name)) is { } extra)
        {
            file.TryGetShape(extra, out IReadOnlyList<long>? shape);
            throw new InvalidDataException(
                $"{file.Path}: tensor '{extra}' [{Join(shape!)}] belongs to no parameter of the model; is model_params right?");
        }
    }

    // How many batches a BatchNorm has seen, which no output depends on.
    static bool IsCount(string name) => name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    static void CheckFinite(ITensorFile file, string name, ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (float.IsFinite(values[i])) continue;
            throw new InvalidDataException(
                $"{file.Path}: tensor '{name}' holds {values[i].ToString(CultureInfo.InvariantCulture)} (element {i}), so that every image would be broken; "
                + "the training diverged or the file is damaged: take an earlier checkpoint.");
        }
    }

    static void CheckShape(ITensorFile file, string name, Parameter parameter)
    {
        long[] expected = Extents(parameter);
        if (!file.TryGetShape(name, out IReadOnlyList<long>? shape))
            throw new InvalidDataException($"{file.Path}: no tensor '{name}', which the model has as [{Join(expected)}]; is model_params right?");
        bool isCount = parameter.Layout == ParameterLayout.Count && shape is ([] or [1]);
        if (!isCount && !shape.SequenceEqual(expected))
        {
            throw new InvalidDataException(
                $"{file.Path}: tensor '{name}' is [{Join(shape)}], but the model has it as [{Join(expected)}]; is model_params right?");
        }
    }

    // Quantised weights have scales beside them, without which they are other numbers.
    static void CheckType(ITensorFile file, string name, Parameter parameter)
    {
        SafetensorsType type = file.TypeOf(name);
        if (parameter.Layout == ParameterLayout.Count || type.IsFloat()) return;
        throw new InvalidDataException(
            $"{file.Path}: tensor '{name}' holds {type.ToString().ToUpperInvariant()}, as quantised weights do; only F64, F32, F16 and BF16 are read: "
            + "take the weights that were not quantised, or convert them back in Python.");
    }

    static long[] Extents(Parameter parameter) => Array.ConvertAll(parameter.TorchShape.ToArray(), extent => (long)extent);

    static string Join(IEnumerable<long> extents) => string.Join(", ", extents);

    static void WriteCount(Stream stream, float count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, (long)count);
        stream.Write(bytes);
    }

    static void WriteHalves(Stream stream, ReadOnlySpan<float> values, string what)
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (float value in values)
        {
            var half = (Half)value;
            if (!Half.IsFinite(half)) throw new InvalidDataException($"{what} holds {value}, which float16 cannot; write float32.");
            BinaryPrimitives.WriteHalfLittleEndian(bytes, half);
            stream.Write(bytes);
        }
    }

    static void WriteFloats(Stream stream, Span<float> values)
    {
        Span<int> bits = MemoryMarshal.Cast<float, int>(values);
        if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(bits, bits);
        stream.Write(MemoryMarshal.AsBytes(bits));
    }
}

/// <summary>Names in the state dict of diffusers' <c>UNet2DModel</c>.</summary>
static partial class UNet2DNames
{
    /// <summary>The name that a tensor has today: files of 2022 call the four projections of attention otherwise.</summary>
    public static string Modern(string name) => Attention().Match(name) is { Success: true } match
        ? $"{match.Groups[1].Value}.{Projection(match.Groups[2].Value)}.{match.Groups[3].Value}"
        : name;

    static string Projection(string old) => old switch
    {
        "query" => "to_q",
        "key" => "to_k",
        "value" => "to_v",
        _ => "to_out.0",
    };

    [GeneratedRegex(@"^(.*attentions\.\d+)\.(query|key|value|proj_attn)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Attention();
}
