using System.Collections.Frozen;

namespace Brownian.Nn;

/// <summary>
/// What a PyTorch file may name: tensors, parameters and the containers of a state dict. Objects of other classes stay unread; what would
/// run programs in Python is refused, by name. Nothing that a file says is ever run.
/// </summary>
/// <param name="file">Named in messages.</param>
/// <param name="find">The bytes of a storage, where the container knows them before the tensors.</param>
sealed class TorchNames(FileBytes file, Action<TorchStorage> find) : IPickleNames
{
    const int MaxTensors = 1 << 18, MaxCopied = 1 << 19, MaxUnknown = 1 << 12;

    /// <summary>The calls that are understood.</summary>
    enum Known
    {
        OrderedDict, DefaultDict, Tensor, Parameter, Rewrapped, Size, Note,
    }

    static readonly FrozenDictionary<(string Module, string Name), Known> Calls = new Dictionary<(string, string), Known>
    {
        [("collections", "OrderedDict")] = Known.OrderedDict,
        [("collections", "defaultdict")] = Known.DefaultDict,
        [("torch._utils", "_rebuild_tensor")] = Known.Tensor,
        [("torch._utils", "_rebuild_tensor_v2")] = Known.Tensor,
        [("torch._utils", "_rebuild_parameter")] = Known.Parameter,
        [("torch._utils", "_rebuild_parameter_with_state")] = Known.Parameter,
        [("torch._tensor", "_rebuild_from_type_v2")] = Known.Rewrapped,
        [("torch.nn.parameter", "Parameter")] = Known.Note,
        [("torch", "Tensor")] = Known.Note,
        [("torch", "Size")] = Known.Size,
        [("torch", "device")] = Known.Note,
    }.ToFrozenDictionary();

    static readonly FrozenDictionary<string, SafetensorsType> StorageTypes = new Dictionary<string, SafetensorsType>
    {
        ["DoubleStorage"] = SafetensorsType.F64,
        ["FloatStorage"] = SafetensorsType.F32,
        ["HalfStorage"] = SafetensorsType.F16,
        ["BFloat16Storage"] = SafetensorsType.BF16,
        ["LongStorage"] = SafetensorsType.I64,
        ["IntStorage"] = SafetensorsType.I32,
        ["ShortStorage"] = SafetensorsType.I16,
        ["CharStorage"] = SafetensorsType.I8,
        ["ByteStorage"] = SafetensorsType.U8,
        ["BoolStorage"] = SafetensorsType.Bool,
    }.ToFrozenDictionary();

    // What weights never need and Python would run. Here nothing runs; the list is there so that nobody loads such a file elsewhere.
    static readonly FrozenSet<string> Dangerous = FrozenSet.Create(
        StringComparer.Ordinal,
        "os", "posix", "nt", "subprocess", "sys", "pty", "runpy", "importlib", "ctypes", "socket", "shutil", "webbrowser", "pickle",
        "builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "builtins.__import__", "builtins.breakpoint", "builtins.input",
        "__builtin__.eval", "__builtin__.execfile", "__builtin__.compile", "__builtin__.open", "__builtin__.__import__", "__builtin__.apply",
        "__builtin__.file", "__builtin__.input");

    readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);
    readonly Dictionary<(string, string), UnknownObject> _unknown = [];
    int _tensors, _copied;

    /// <summary>Every storage that was named, by its key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    /// <summary>The classes and functions that were named and are not known.</summary>
    public IEnumerable<string> Unknown => _unknown.Values.Select(unknown => unknown.Name);

    public object Find(string module, string name)
    {
        if (Calls.TryGetValue((module, name), out Known known)) return known;
        if (module == "torch" && StorageTypes.TryGetValue(name, out SafetensorsType type)) return type;
        string top = module.Split('.')[0], what = $"{Printable(module)}.{Printable(name)}";
        if (Dangerous.Contains(top) || Dangerous.Contains($"{module}.{name}"))
        {
            throw file.Bad(
                $"names {what}, which is refused: weights need no such thing, and Python would run it. Do not load the file; get the weights "
                + "as safetensors, or from someone you trust.");
        }
        // A tensor of a kind that is not read would be missing without a word.
        if (top == "torch" && (name.EndsWith("Storage", StringComparison.Ordinal) || name.StartsWith("_rebuild", StringComparison.Ordinal)))
            throw file.Bad($"names {what}, which is refused: tensors of that kind are not read. {SaveAlone}");
        if (_unknown.TryGetValue((module, name), out UnknownObject? unknown)) return unknown;
        if (_unknown.Count == MaxUnknown) throw file.Bad($"names more than {MaxUnknown} classes and functions.");
        return _unknown[(module, name)] = new UnknownObject(what);
    }

    /// <summary>What to do about a file of more than weights.</summary>
    public const string SaveAlone = "Save the weights alone (torch.save(model.state_dict(), file)) or convert them to safetensors.";

    public object? Call(object? function, object?[] arguments) => function switch
    {
        Known.OrderedDict when arguments is [] => new PickleDict(),
        Known.OrderedDict when arguments is [List<object?> pairs] => DictOf(pairs),
        Known.DefaultDict => new PickleDict(),
        Known.Tensor when arguments is [TorchStorage storage, long offset, object?[] shape, object?[] strides, ..] =>
            View(storage, offset, shape, strides),
        Known.Parameter when arguments is [TorchTensor tensor, ..] => tensor,
        Known.Rewrapped when arguments is [Known inner and not Known.Rewrapped, _, object?[] own, ..] => Call(inner, own),
        Known.Size when arguments is [object?[] extents] => extents,
        Known.Note => null,
        UnknownObject unknown => unknown,
        Known when arguments.OfType<UnknownObject>().FirstOrDefault() is { } unknown => unknown,
        Known => throw file.Bad($"makes a {function} from {arguments.Length} arguments that do not fit."),
        _ => throw file.Bad("calls something that is no function."),
    };

    // ("storage", type, key, device, elements), and in legacy files a stretch of another storage, or None.
    public object Load(object? identity)
    {
        if (identity is not object?[] parts || parts is not ["storage", SafetensorsType type, string key, string, long count, ..])
            throw file.Bad("refers to something outside that is no storage.");
        TorchStorage storage = Shared(type, key, count);
        return parts.Length > 5 && parts[5] is object?[] stretch ? Stretch(storage, stretch) : storage;
    }

    TorchStorage Shared(SafetensorsType type, string key, long count)
    {
        if (_storages.TryGetValue(key, out TorchStorage? known))
        {
            return known.Type == type && known.Count == count
                ? known
                : throw file.Bad($"storage {Quoted(key)} is said to be {count} of {type}, and before that {known.Count} of {known.Type}.");
        }
        if (count is < 0 or > long.MaxValue / 8) throw file.Bad($"storage {Quoted(key)} is said to have {count} elements.");
        var storage = new TorchStorage(key, type, count);
        find(storage);
        _storages.Add(key, storage);
        return storage;
    }

    // (key of its own, first element, elements). The bytes are the whole storage's; its tensors count from the stretch's first element.
    TorchStorage Stretch(TorchStorage whole, object?[] stretch)
    {
        if (stretch is not [string key, long first, long count]) throw file.Bad($"storage {Quoted(whole.Key)} has a part that is not described.");
        if (first < 0 || count < 0 || first > whole.Count || count > whole.Count - first)
            throw file.Bad($"part {Quoted(key)} takes elements {first} to {first + count} of storage {Quoted(whole.Key)}, which has {whole.Count}.");
        return new TorchStorage(key, whole.Type, count) { Whole = whole, First = first };
    }

    TorchTensor View(TorchStorage storage, long offset, object?[] shape, object?[] strides)
    {
        if (++_tensors > MaxTensors) throw file.Bad($"holds more than {MaxTensors} tensors.");
        if (shape.Length > TorchTensor.MaxRank || strides.Length > TorchTensor.MaxRank)
            throw file.Bad($"a tensor has {Math.Max(shape.Length, strides.Length)} dimensions; there may be {TorchTensor.MaxRank}.");
        if (!shape.All(extent => extent is long) || !strides.All(stride => stride is long))
            throw file.Bad("a tensor's shape or strides are not whole numbers.");
        return TorchTensor.TryCreate(storage, offset, [.. shape.Cast<long>()], [.. strides.Cast<long>()], out string problem)
            ?? throw file.Bad($"{problem}.");
    }

    // The pairs are copied, and one list may be named any number of times: the copies are counted.
    PickleDict DictOf(List<object?> pairs)
    {
        _copied += pairs.Count;
        if (_copied > MaxCopied) throw file.Bad($"copies more than {MaxCopied} entries of lists into dicts.");
        var dict = new PickleDict();
        foreach (object? pair in pairs)
        {
            switch (pair)
            {
                case object?[] and [var key, var value]: dict.Add(key, value); break;
                case List<object?> and [var key, var value]: dict.Add(key, value); break;
                default: throw file.Bad("an OrderedDict is made of something else than pairs.");
            }
        }
        return dict;
    }

    static string Quoted(string key) => SafetensorsHeader.Quote(key);

    static string Printable(string name) => SafetensorsHeader.Quote(name).Trim('\'');
}
