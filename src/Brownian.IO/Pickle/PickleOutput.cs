using System.Buffers.Binary;
using System.Text;

namespace Brownian.IO;

/// <summary>Writes a pickle of protocol 2, which every PyTorch reads.</summary>
sealed class PickleOutput
{
    readonly List<byte> _bytes = [];

    public PickleOutput()
    {
        Op(PickleOp.Protocol);
        Op(2);
    }

    public void Op(byte op) => _bytes.Add(op);

    public void Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Op(PickleOp.Text32);
        WriteInt32(utf8.Length);
        _bytes.AddRange(utf8);
    }

    public void Global(string module, string name)
    {
        Op(PickleOp.Global);
        _bytes.AddRange(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
    }

    /// <summary>In the shortest form, as Python does.</summary>
    public void Integer(long value)
    {
        if (value is >= 0 and <= byte.MaxValue)
        {
            Op(PickleOp.Int8);
            Op((byte)value);
        }
        else if (value is >= int.MinValue and <= int.MaxValue)
        {
            Op(PickleOp.Int32);
            WriteInt32((int)value);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            Op(PickleOp.Long1);
            Op(sizeof(long));
            _bytes.AddRange(bytes);
        }
    }

    /// <summary>A tuple.</summary>
    public void Integers(ReadOnlySpan<long> values)
    {
        Op(PickleOp.Mark);
        foreach (long value in values) Integer(value);
        Op(PickleOp.TupleOfMark);
    }

    public void EmptyOrderedDict()
    {
        Global("collections", "OrderedDict");
        Op(PickleOp.EmptyTuple);
        Op(PickleOp.Reduce);
    }

    public byte[] Stop()
    {
        Op(PickleOp.Stop);
        return [.. _bytes];
    }

    void WriteInt32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }
}
