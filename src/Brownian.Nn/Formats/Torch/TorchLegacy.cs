using System.Buffers.Binary;

namespace Brownian.Nn;

/// <summary>
/// What <c>torch.save</c> wrote before PyTorch 1.6, and still does with <c>_use_new_zipfile_serialization=False</c>: five pickles (a magic
/// number, a version, the machine, the object, the storages' keys), then for each storage a count of 8 bytes and its elements.
/// </summary>
sealed class TorchLegacy
{
    const int Version = 1001;
    static readonly Int128 Magic = Int128.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber, null);

    readonly FileBytes _file;
    readonly TorchNames _names;
    readonly FileSection _bytes;
    long _position;

    TorchLegacy(FileBytes file)
    {
        _file = file;
        _bytes = new FileSection(file, 0, file.Length);
        _names = new TorchNames(file, _ => { });
    }

    /// <inheritdoc cref="TorchZip.Read"/>
    public static (object? Root, IEnumerable<string> Unknown) Read(FileBytes file)
    {
        var legacy = new TorchLegacy(file);
        legacy.CheckMagic();
        if (legacy.Next() is not (long)Version) throw file.Bad($"not of version {Version} of torch.save's old format.");
        if (legacy.Next() is PickleDict machine && machine.Pairs.Contains(("little_endian", false)))
            throw file.Bad("the numbers are not stored lowest byte first; save it on another machine.");
        object? root = legacy.Next();
        legacy.FindStorages(legacy.Next());
        return (root, legacy._names.Unknown);
    }

    // Whole objects pickled by Python itself can be larger than what is read of a pickle; what they name comes first.
    void CheckMagic()
    {
        try
        {
            if (Next() is Int128 magic && magic == Magic) return;
        }
        catch (InvalidDataException) when (_names.Unknown.Any())
        {
        }
        throw _file.Bad(_names.Unknown.FirstOrDefault() is { } named
            ? $"a pickle of Python objects, {Whose(named)}, not a file of weights. Load it in Python with its own code and save the weights: "
                + "torch.save(network.state_dict(), file)."
            : "a pickle, but not one that torch.save wrote; in Python, load it and save the weights: torch.save(network.state_dict(), file).");
    }

    string Whose(string named) => _names.Unknown.Any(name => name.StartsWith("torch_utils.persistence.", StringComparison.Ordinal))
        ? "networks with their source code as EDM and StyleGAN save them (torch_utils.persistence)"
        : $"the first of them {named}";

    object? Next()
    {
        var input = new PickleInput(_file, _bytes, _position, TorchZip.MaxPickleBytes);
        object? value = new PickleMachine(input, _names).Run();
        _position = input.Position;
        return value;
    }

    void FindStorages(object? keys)
    {
        if (keys is not List<object?> list) throw _file.Bad("the list of storages is missing.");
        Span<byte> count = stackalloc byte[8];
        foreach (object? key in list)
        {
            if (key is not string name || !_names.Storages.TryGetValue(name, out TorchStorage? storage) || storage.IsFound)
                throw _file.Bad($"storage {(key is string text ? Quoted(text) : "without a key")} is listed twice, or no tensor uses it.");
            _file.Read(count, _position);
            _position += count.Length;
            long stored = BinaryPrimitives.ReadInt64LittleEndian(count);
            if (stored != storage.Count) throw _file.Bad($"storage {Quoted(name)} holds {Counted.Of(stored, "element")}; its tensors count on {storage.Count}.");
            if (storage.ByteCount > _file.Length - _position)
                throw _file.Bad($"storage {Quoted(name)} takes {storage.ByteCount} bytes, but {_file.Length - _position} are left; is the file cut off?");
            storage.SetBytes(_bytes, _position);
            _position += storage.ByteCount;
        }
        if (_names.Storages.Values.FirstOrDefault(storage => !storage.IsFound) is { } missing)
            throw _file.Bad($"storage {Quoted(missing.Key)}, which a tensor uses, is missing.");
    }

    static string Quoted(string key) => SafetensorsHeader.Quote(key);
}
