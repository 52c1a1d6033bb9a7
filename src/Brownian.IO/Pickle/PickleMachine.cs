using System.Buffers.Binary;

namespace Brownian.IO;

/// <summary>
/// Python's pickle machine (PEP 3154) without the parts that run code: a stack, marks on it and a memo of what was built. Results are
/// null, bool, long, <see cref="Int128"/>, double, string, byte[], object?[] (a tuple), List (a list or set), <see cref="PickleDict"/>
/// and what <see cref="IPickleNames"/> makes. It does not recurse, and each byte read adds at most one object.
/// </summary>
sealed class PickleMachine(PickleInput input, IPickleNames names)
{
    const int MaxStack = 1 << 18, MaxMemo = 1 << 19, NewestProtocol = 5;

    readonly List<object?> _stack = [];
    readonly List<int> _marks = [];
    readonly Dictionary<uint, object?> _memo = [];

    /// <summary>Reads one pickle to its end.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or names what is refused.</exception>
    public object? Run()
    {
        for (byte op = input.ReadByte(); op != PickleOp.Stop; op = input.ReadByte())
        {
            if (!TryScalar(op) && !TryContainer(op) && !TryReference(op)) throw Bad($"opcode 0x{op:x2} builds nothing that is read");
            if (_stack.Count > MaxStack || _marks.Count > MaxStack) throw Bad($"more than {MaxStack} things are under construction at once");
        }
        return Pop();
    }

    bool TryScalar(byte op)
    {
        switch (op)
        {
            case PickleOp.None: Push(null); return true;
            case PickleOp.True: Push(true); return true;
            case PickleOp.False: Push(false); return true;
            case PickleOp.Int8: Push((long)input.ReadByte()); return true;
            case PickleOp.Int16: Push((long)input.ReadUInt16()); return true;
            case PickleOp.Int32: Push((long)input.ReadInt32()); return true;
            case PickleOp.Long1: PushLong(input.ReadByte()); return true;
            case PickleOp.Long4: PushLong((uint)input.ReadInt32()); return true;
            case PickleOp.Float: Push(input.ReadDouble()); return true;
            case PickleOp.Text8: Push(input.ReadText(input.ReadByte())); return true;
            case PickleOp.Text32: Push(input.ReadText((uint)input.ReadInt32())); return true;
            case PickleOp.OldText8: Push(input.ReadOldText(input.ReadByte())); return true;
            case PickleOp.OldText32: Push(input.ReadOldText((uint)input.ReadInt32())); return true;
            case PickleOp.Text64: Push(input.ReadText(input.ReadUInt64())); return true;
            case PickleOp.Bytes8: Push(input.ReadBytes(input.ReadByte())); return true;
            case PickleOp.Bytes32: Push(input.ReadBytes((uint)input.ReadInt32())); return true;
            case PickleOp.Bytes64 or PickleOp.ByteArray: Push(input.ReadBytes(input.ReadUInt64())); return true;
            default: return false;
        }
    }

    bool TryContainer(byte op)
    {
        switch (op)
        {
            case PickleOp.EmptyTuple: Push(Array.Empty<object?>()); return true;
            case PickleOp.Tuple1: Push(PopLast(1)); return true;
            case PickleOp.Tuple2: Push(PopLast(2)); return true;
            case PickleOp.Tuple3: Push(PopLast(3)); return true;
            case PickleOp.TupleOfMark: Push(PopMarked()); return true;
            case PickleOp.EmptyList or PickleOp.EmptySet: Push(new List<object?>()); return true;
            case PickleOp.ListOfMark or PickleOp.FrozenSet: Push(new List<object?>(PopMarked())); return true;
            case PickleOp.Append: Append(PopLast(1)); return true;
            case PickleOp.AppendMarked or PickleOp.AddMarked: Append(PopMarked()); return true;
            case PickleOp.EmptyDict: Push(new PickleDict()); return true;
            case PickleOp.DictOfMark: StartDict(PopMarked()); return true;
            case PickleOp.SetItem: SetItems(PopLast(2)); return true;
            case PickleOp.SetMarked: SetItems(PopMarked()); return true;
            default: return false;
        }
    }

    bool TryReference(byte op)
    {
        switch (op)
        {
            case PickleOp.Mark: _marks.Add(_stack.Count); return true;
            case PickleOp.Pop: Pop(); return true;
            case PickleOp.PopMark: PopMarked(); return true;
            case PickleOp.Duplicate: Push(Top()); return true;
            case PickleOp.Protocol: CheckProtocol(input.ReadByte()); return true;
            case PickleOp.Frame: input.ReadUInt64(); return true;
            case PickleOp.Put8: Remember(input.ReadByte()); return true;
            case PickleOp.Put32: Remember((uint)input.ReadInt32()); return true;
            case PickleOp.Memoize: Remember((uint)_memo.Count); return true;
            case PickleOp.Get8: Push(Recall(input.ReadByte())); return true;
            case PickleOp.Get32: Push(Recall((uint)input.ReadInt32())); return true;
            case PickleOp.Global: Push(names.Find(input.ReadLine(), input.ReadLine())); return true;
            case PickleOp.StackGlobal: FindOfStack(); return true;
            case PickleOp.Reduce or PickleOp.NewObject: Call(); return true;
            case PickleOp.NewObjectWithNames: CallWithNames(); return true;
            case PickleOp.Build: Build(Pop()); return true;
            case PickleOp.Persistent: Push(names.Load(Pop())); return true;
            default: return false;
        }
    }

    void CheckProtocol(byte protocol)
    {
        if (protocol > NewestProtocol) throw Bad($"pickle protocol {protocol} is unknown; known are 2 to {NewestProtocol}");
    }

    // Two's complement, lowest byte first. The magic number of torch.save has 10 bytes; no count or size needs more.
    void PushLong(uint bytes)
    {
        const int Most = 16;
        if (bytes > Most) throw Bad($"an integer of {bytes} bytes; at most {Most} are read");
        Span<byte> value = stackalloc byte[Most];
        input.ReadBytes(bytes).CopyTo(value);
        if (bytes > 0 && (sbyte)value[(int)bytes - 1] < 0) value[(int)bytes..].Fill(0xFF);
        Int128 number = BinaryPrimitives.ReadInt128LittleEndian(value);
        if (number >= long.MinValue && number <= long.MaxValue) Push((long)number);
        else Push(number);
    }

    void Append(object?[] items)
    {
        if (Top() is UnknownObject) return;
        if (Top() is not List<object?> list) throw Bad("something is appended to what is no list");
        list.AddRange(items);
    }

    void StartDict(object?[] items)
    {
        Push(new PickleDict());
        SetItems(items);
    }

    void SetItems(object?[] items)
    {
        if (Top() is UnknownObject) return;
        if (Top() is not PickleDict dict) throw Bad("something is set in what is no dict");
        if (items.Length % 2 != 0) throw Bad("a dict's last key has no value");
        for (int i = 0; i < items.Length; i += 2) dict.Add(items[i], items[i + 1]);
    }

    void FindOfStack()
    {
        if (PopLast(2) is not [string module, string name]) throw Bad("the name of a function or class is no text");
        Push(names.Find(module, name));
    }

    void Call()
    {
        if (Pop() is not object?[] arguments) throw Bad("the arguments of a call are no tuple");
        Push(names.Call(Pop(), arguments));
    }

    void Build(object? state) => Push(names.Build(Pop(), state));

    // The arguments that have names, the last of the three, are those of classes that are not read.
    void CallWithNames()
    {
        if (PopLast(3) is not [var function, object?[] arguments, _]) throw Bad("the arguments of a call are no tuple");
        Push(names.Call(function, arguments));
    }

    void Remember(uint index)
    {
        if (_memo.Count == MaxMemo) throw Bad($"more than {MaxMemo} things are remembered");
        _memo[index] = Top();
    }

    object? Recall(uint index) => _memo.TryGetValue(index, out object? value) ? value : throw Bad($"nothing was remembered as {index}");

    void Push(object? value) => _stack.Add(value);

    object? Top() => _stack.Count > Floor ? _stack[^1] : throw Bad("the stack is empty");

    object? Pop()
    {
        object? top = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    object?[] PopLast(int count)
    {
        if (_stack.Count - Floor < count) throw Bad($"the stack holds fewer than {count} things");
        return PopFrom(_stack.Count - count);
    }

    object?[] PopMarked()
    {
        if (_marks.Count == 0) throw Bad("there is no mark");
        int from = Floor;
        _marks.RemoveAt(_marks.Count - 1);
        return PopFrom(from);
    }

    object?[] PopFrom(int from)
    {
        object?[] items = new object?[_stack.Count - from];
        _stack.CopyTo(from, items, 0, items.Length);
        _stack.RemoveRange(from, items.Length);
        return items;
    }

    // What lies below the last mark belongs to whoever set it.
    int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    InvalidDataException Bad(string problem) => input.Bad(problem);
}
