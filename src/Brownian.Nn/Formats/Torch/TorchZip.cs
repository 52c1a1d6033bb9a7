namespace Brownian.Nn;

/// <summary>
/// What <c>torch.save</c> writes since PyTorch 1.6: a zip of one folder with <c>data.pkl</c>, a pickle, and <c>data/KEY</c>, the bytes of
/// each storage. Entries are read in place; their names are never used as paths.
/// </summary>
static class TorchZip
{
    const string PickleName = "data.pkl", ByteOrderName = "byteorder";

    /// <summary>The most bytes that a pickle may take; the numbers of the tensors are not in it.</summary>
    public const int MaxPickleBytes = 1 << 24;

    /// <returns>What the pickle describes, with <see cref="TorchTensor"/> for tensors, and the classes that it names and that are not known.</returns>
    public static (object? Root, IEnumerable<string> Unknown) Read(FileBytes file)
    {
        var zip = new ZipContents(file);
        string pickle = zip.Names.FirstOrDefault(name => name == PickleName || name.EndsWith("/" + PickleName, StringComparison.Ordinal))
            ?? throw file.Bad($"the zip has no {PickleName}; {WhatItIs(zip.Names)}");
        string folder = pickle[..^PickleName.Length];
        CheckByteOrder(file, zip.Find(folder + ByteOrderName));
        ByteSource bytes = zip.Find(pickle)!.Open();
        if (bytes.Length > MaxPickleBytes) throw file.Bad($"{PickleName} has {bytes.Length} bytes; at most {MaxPickleBytes} are read.");
        var names = new TorchNames(file, storage => FindBytes(file, zip, folder, storage));
        return (new PickleMachine(new PickleInput(file, bytes, 0, MaxPickleBytes), names).Run(), names.Unknown);
    }

    static string WhatItIs(IReadOnlyCollection<string> names) =>
        names.Any(name => name.EndsWith(".npy", StringComparison.Ordinal)) ? "it is an archive of NumPy arrays (.npz), not of weights."
        : names.Contains("model.weights.h5") ? "it is a model of Keras; convert its weights to PyTorch's names and safetensors."
        : names.Any(name => name.EndsWith(".pth", StringComparison.Ordinal) || name.EndsWith(".pt", StringComparison.Ordinal)
            || name.EndsWith(".ckpt", StringComparison.Ordinal) || name.EndsWith(".safetensors", StringComparison.Ordinal)) ? "weights were put into a zip; unpack it first."
        : "was it written by torch.save?";

    static void FindBytes(FileBytes file, ZipContents zip, string folder, TorchStorage storage)
    {
        ZipEntry entry = zip.Find($"{folder}data/{storage.Key}")
            ?? throw file.Bad($"the zip has no entry for storage {SafetensorsHeader.Quote(storage.Key)}.");
        if (entry.Length != storage.ByteCount)
        {
            throw file.Bad(
                $"storage {SafetensorsHeader.Quote(storage.Key)} needs {storage.ByteCount} bytes for {storage.Count} elements of {storage.Type}, "
                + $"but its zip entry has {entry.Length}.");
        }
        storage.SetBytes(entry.Open(), 0);
    }

    static void CheckByteOrder(FileBytes file, ZipEntry? entry)
    {
        if (entry is null) return;
        Span<byte> order = stackalloc byte[6];
        bool isLittle = entry.Length == order.Length;
        if (isLittle) entry.Open().Read(order, 0);
        if (!isLittle || !order.SequenceEqual("little"u8)) throw file.Bad("the numbers are not stored lowest byte first; save it on another machine.");
    }
}
