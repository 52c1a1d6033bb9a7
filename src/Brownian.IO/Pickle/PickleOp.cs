namespace Brownian.IO;

/// <summary>The opcodes that are understood: those of protocols 2 to 5 that build data (Python's pickletools.py lists them all).</summary>
static class PickleOp
{
    public const byte
        Mark = (byte)'(', Stop = (byte)'.', Pop = (byte)'0', PopMark = (byte)'1', Duplicate = (byte)'2', Protocol = 0x80, Frame = 0x95,
        None = (byte)'N', True = 0x88, False = 0x89,
        Int8 = (byte)'K', Int16 = (byte)'M', Int32 = (byte)'J', Long1 = 0x8a, Long4 = 0x8b, Float = (byte)'G',
        Text8 = 0x8c, Text32 = (byte)'X', Text64 = 0x8d, OldText8 = (byte)'U', OldText32 = (byte)'T',
        Bytes8 = (byte)'C', Bytes32 = (byte)'B', Bytes64 = 0x8e, ByteArray = 0x96,
        EmptyTuple = (byte)')', Tuple1 = 0x85, Tuple2 = 0x86, Tuple3 = 0x87, TupleOfMark = (byte)'t',
        EmptyList = (byte)']', ListOfMark = (byte)'l', Append = (byte)'a', AppendMarked = (byte)'e',
        EmptyDict = (byte)'}', DictOfMark = (byte)'d', SetItem = (byte)'s', SetMarked = (byte)'u',
        EmptySet = 0x8f, AddMarked = 0x90, FrozenSet = 0x91,
        Put8 = (byte)'q', Put32 = (byte)'r', Memoize = 0x94, Get8 = (byte)'h', Get32 = (byte)'j',
        Global = (byte)'c', StackGlobal = 0x93, Reduce = (byte)'R', NewObject = 0x81, NewObjectWithNames = 0x92, Build = (byte)'b', Persistent = (byte)'Q';
}
