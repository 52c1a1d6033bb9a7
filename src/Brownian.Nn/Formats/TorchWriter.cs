using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Brownian.Nn;

/// <summary>
/// Writes a state dict as <c>torch.save</c> does since PyTorch 1.6: an OrderedDict of tensors, in the order of adding, each with a storage
/// of its own. Nothing else is in it, so that <c>torch.load(file, weights_only=True)</c> takes it. The bytes depend only on what was added
/// and on the file's name.
/// </summary>
public sealed class TorchWriter : ITensorWriter
{
    /// <summary>What such a file's name ends in.</summary>
    public const string Extension = ".pth";

    // As torch.save numbers its format; the bytes of a zip must not depend on the clock.
    const string Version = "3\n";
    static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly List<PendingTensor> _tensors = [];
    readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Add(string name, SafetensorsType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(write);
        PendingTensor tensor = PendingTensor.Of(name, type, shape, write);
        if (!_names.Add(name)) throw new ArgumentException($"There is a tensor {SafetensorsHeader.Quote(name)} already.", nameof(name));
        _tensors.Add(tensor);
    }

    /// <inheritdoc/>
    public void Write(string path, bool overwrite = false)
    {
        using var file = new AtomicFile(path, overwrite);
        using (var zip = new ZipArchive(file.Stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            // torch.load finds all entries below one folder, which it calls as the file.
            string folder = System.IO.Path.GetFileNameWithoutExtension(path);
            WriteEntry(zip, $"{folder}/data.pkl", stream => stream.Write(Pickle()));
            WriteEntry(zip, $"{folder}/byteorder", stream => stream.Write("little"u8));
            for (int i = 0; i < _tensors.Count; i++)
            {
                PendingTensor tensor = _tensors[i];
                WriteEntry(zip, $"{folder}/data/{i}", stream =>
                {
                    var counted = new CountingStream(stream);
                    tensor.Write(counted);
                    tensor.Check(counted.Count);
                });
            }
            WriteEntry(zip, $"{folder}/version", stream => stream.Write(Encoding.ASCII.GetBytes(Version)));
        }
        file.Commit();
    }

    // Stored, not deflated: torch.load reads tensors in place.
    static void WriteEntry(ZipArchive zip, string name, Action<Stream> write)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = NoTime;
        using Stream stream = entry.Open();
        write(stream);
    }

    byte[] Pickle()
    {
        var pickle = new PickleOutput();
        pickle.EmptyOrderedDict();
        pickle.Op(PickleOp.Mark);
        for (int i = 0; i < _tensors.Count; i++)
        {
            PendingTensor tensor = _tensors[i];
            pickle.Text(tensor.Name);
            Rebuild(pickle, tensor, i.ToString(CultureInfo.InvariantCulture));
        }
        pickle.Op(PickleOp.SetMarked);
        return pickle.Stop();
    }

    // torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)
    static void Rebuild(PickleOutput pickle, PendingTensor tensor, string key)
    {
        pickle.Global("torch._utils", "_rebuild_tensor_v2");
        pickle.Op(PickleOp.Mark);
        pickle.Op(PickleOp.Mark);
        pickle.Text("storage");
        pickle.Global("torch", StorageOf(tensor.Type));
        pickle.Text(key);
        pickle.Text("cpu");
        pickle.Integer(tensor.Bytes / SafetensorsEntry.SizeOf(tensor.Type));
        pickle.Op(PickleOp.TupleOfMark);
        pickle.Op(PickleOp.Persistent);
        pickle.Integer(0);
        pickle.Integers(tensor.Shape);
        pickle.Integers(Strides(tensor.Shape));
        pickle.Op(PickleOp.False);
        pickle.EmptyOrderedDict();
        pickle.Op(PickleOp.TupleOfMark);
        pickle.Op(PickleOp.Reduce);
    }

    static string StorageOf(SafetensorsType type) => type switch
    {
        SafetensorsType.F64 => "DoubleStorage",
        SafetensorsType.F32 => "FloatStorage",
        SafetensorsType.F16 => "HalfStorage",
        SafetensorsType.BF16 => "BFloat16Storage",
        SafetensorsType.I64 => "LongStorage",
        SafetensorsType.I32 => "IntStorage",
        SafetensorsType.I16 => "ShortStorage",
        SafetensorsType.I8 => "CharStorage",
        SafetensorsType.U8 => "ByteStorage",
        _ => "BoolStorage",
    };

    static long[] Strides(long[] shape)
    {
        long[] strides = new long[shape.Length];
        long step = 1;
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            strides[d] = step;
            step *= Math.Max(1, shape[d]);
        }
        return strides;
    }

    /// <summary>Counts what passes through.</summary>
    sealed class CountingStream(Stream inner) : Stream
    {
        public long Count { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Count;

        public override long Position
        {
            get => Count;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            Count += buffer.Length;
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
