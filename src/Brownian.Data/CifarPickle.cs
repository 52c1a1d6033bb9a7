using System.Text;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// CIFAR's version for Python, and ImageNet's small versions in the same form: a pickled dict of <c>data</c>, N×3072 bytes of planes, and
/// <c>labels</c> or <c>fine_labels</c>. The pickle is not run: it may name NumPy's arrays and nothing else.
/// </summary>
static class CifarPickle
{
    const byte Start = 0x80;
    const int OldestProtocol = 2, NewestProtocol = 5, Planes = 3;

    /// <summary>True where data begins as a pickle does.</summary>
    public static bool Begins(ReadOnlySpan<byte> start) => start is [Start, >= OldestProtocol and <= NewestProtocol, ..];

    /// <summary>True for a file that begins as a pickle.</summary>
    public static bool IsOne(string path)
    {
        Span<byte> start = stackalloc byte[2];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && Begins(start);
    }

    /// <summary>The images of some pickles, one after the other.</summary>
    /// <param name="path">What the whole is called.</param>
    /// <param name="files">At least one.</param>
    /// <exception cref="InvalidDataException">One is damaged, or holds something else.</exception>
    public static CifarDataset Read(string path, string[] files)
    {
        Batch[] batches = [.. files.Select(ReadBatch)];
        if (batches.DistinctBy(batch => (batch.Side, batch.Labels is null)).Count() > 1)
            throw new InvalidDataException($"{path}: its files hold images of different sizes, or some have labels and some none.");
        int side = batches[0].Side, plane = side * side, image = Planes * plane;
        long bytes = batches.Sum(batch => (long)batch.Pixels.Length);
        if (bytes > Array.MaxLength) throw new InvalidDataException($"{path}: {bytes / image} images are more than the {Array.MaxLength / image} that fit.");
        byte[] pixels = new byte[bytes];
        int done = 0;
        foreach (Batch batch in batches)
        {
            for (int at = 0; at < batch.Pixels.Length; at += image, done += image)
                CifarDataset.Interleave(batch.Pixels.AsSpan(at, image), pixels.AsSpan(done, image), plane);
        }
        long[] labels = [.. batches.SelectMany(batch => batch.Labels ?? [])];
        string[]? names = labels.Length == 0 ? null : Names(files[0]);
        ClassLabels classes = names is not null && Array.TrueForAll(labels, label => label >= 0 && label < names.Length)
            ? ClassLabels.Named(labels.Select(label => (int)label), names)
            : ClassLabels.Of(labels);
        string what = names?.Length is int count and (10 or 100) ? $"CIFAR-{count}, version for Python" : "images in Python's pickles";
        return new CifarDataset(ImageLayout.Title(path, what), pixels, classes, side);
    }

    static Batch ReadBatch(string path)
    {
        PickleDict dict = Unpickle(path);
        if (Find(dict, "data") is not PickledArray { Type: "u1", Bytes: { } bytes, Shape: [var count, var length] } || count < 1)
            throw new InvalidDataException($"{path}: there is no array of bytes N×3072 in it, called data, as CIFAR has.");
        if (length % Planes != 0 || ArrayLayout.FlatSide(length / Planes) is not { Channels: 1, Side: var side })
            throw new InvalidDataException($"{path}: its images have {Counted.Of(length, "byte")}, which are no three planes of a square, as CIFAR has.");
        object? labels = Find(dict, "fine_labels") ?? Find(dict, "labels");
        long[]? numbers = labels switch
        {
            null => null,
            List<object?> list when list.TrueForAll(label => label is long) => [.. list.Cast<long>()],
            PickledArray { Shape.Length: 1 } array => array.Numbers(),
            _ => null,
        };
        if (labels is not null && numbers is null) throw new InvalidDataException($"{path}: its labels are no whole numbers.");
        return numbers is null || numbers.Length == count
            ? new Batch(bytes, side, numbers)
            : throw new InvalidDataException($"{path}: {Counted.Of(numbers.Length, "label")} for {Counted.Of(count, "image")}.");
    }

    static string[]? Names(string file)
    {
        string folder = Path.GetDirectoryName(file) ?? "";
        foreach (string name in (string[])["batches.meta", "meta"])
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path) || !IsOne(path)) continue;
            PickleDict dict = Unpickle(path);
            if ((Find(dict, "fine_label_names") ?? Find(dict, "label_names")) is List<object?> names && names.TrueForAll(label => Text(label) is not null))
                return [.. names.Select(label => ImageLayout.Printable(Text(label)!))];
        }
        return null;
    }

    static PickleDict Unpickle(string path)
    {
        using var file = new FileBytes(path);
        object? read = new PickleMachine(new PickleInput(file, file, 0, file.Length), new ArrayNames(file)).Run();
        return read as PickleDict ?? throw file.Bad("a pickle of something else than CIFAR's dict of data and labels; save its images with numpy.save as .npy.");
    }

    // Keys are bytes or text, as the Python was that wrote them.
    static object? Find(PickleDict dict, string key) => dict.Pairs.FirstOrDefault(pair => Text(pair.Key) == key).Value;

    static string? Text(object? value) => value switch
    {
        string text => text,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        _ => null,
    };

    sealed record Batch(byte[] Pixels, int Side, long[]? Labels);

    /// <summary>An array of NumPy.</summary>
    sealed class PickledArray
    {
        public string Type { get; set; } = "";

        public long[] Shape { get; set; } = [];

        public byte[] Bytes { get; set; } = [];

        public long[]? Numbers() => Type switch
        {
            "u1" => Array.ConvertAll(Bytes, number => (long)number),
            "i4" => [.. Enumerable.Range(0, Bytes.Length / 4).Select(i => (long)BitConverter.ToInt32(Bytes, 4 * i))],
            "i8" => [.. Enumerable.Range(0, Bytes.Length / 8).Select(i => BitConverter.ToInt64(Bytes, 8 * i))],
            _ => null,
        };
    }

    /// <summary>NumPy's names, as they are in pickles of arrays (numpy/core/src/multiarray, __reduce__ of ndarray and dtype).</summary>
    sealed class ArrayNames(FileBytes file) : IPickleNames
    {
        enum Known
        {
            Reconstruct, FromBuffer, Array, Type, Encode, Scalar,
        }

        public object Find(string module, string name) => (module.Replace("numpy._core.", "numpy.core.", StringComparison.Ordinal), name) switch
        {
            ("numpy.core.multiarray", "_reconstruct") => Known.Reconstruct,
            ("numpy.core.multiarray", "scalar") => Known.Scalar,
            ("numpy.core.numeric", "_frombuffer") => Known.FromBuffer,
            ("numpy", "ndarray") => Known.Array,
            ("numpy", "dtype") => Known.Type,
            ("_codecs", "encode") => Known.Encode,
            _ => throw file.Bad($"names {Quoted.Name(module)}.{Quoted.Name(name)}, which is refused: CIFAR's pickles hold arrays, lists and text."),
        };

        public object? Call(object? function, object?[] arguments) => function switch
        {
            Known.Reconstruct when arguments is [Known.Array, ..] => new PickledArray(),
            Known.Type when arguments is [var type, ..] && Text(type) is { } text => new PickledArray { Type = text },
            Known.FromBuffer when arguments is [var bytes, PickledArray type, object?[] shape, ..] => Fill(new PickledArray(), type, shape, bytes),
            Known.Encode when arguments is [string text, ..] && text.All(c => c <= byte.MaxValue) => Encoding.Latin1.GetBytes(text),
            Known.Scalar => null,
            _ => throw file.Bad("makes something of NumPy that CIFAR has not."),
        };

        // (version, shape, type, Fortran's order, bytes); a type's own state says the order of its bytes.
        public object? Build(object? built, object? state)
        {
            if (built is not PickledArray array || state is not object?[] parts) return built;
            if (array.Type.Length > 0) return parts is [_, string order, ..] && order == ">" ? throw file.Bad("its arrays have the highest byte first.") : array;
            return parts is [_, object?[] shape, PickledArray type, false or 0L, var bytes] ? Fill(array, type, shape, bytes) : throw file.Bad("an array is not described as NumPy does.");
        }

        public object Load(object? identity) => throw file.Bad("refers to something outside of it.");

        PickledArray Fill(PickledArray array, PickledArray type, object?[] shape, object? content)
        {
            byte[]? bytes = content switch { byte[] read => read, string text => Encoding.UTF8.GetBytes(text), _ => null };
            if (bytes is null || !shape.All(extent => extent is long and >= 0)) throw file.Bad("an array is not described as NumPy does.");
            int item = type.Type.Length > 1 && char.IsAsciiDigit(type.Type[^1]) ? type.Type[^1] - '0' : 0;
            Int128 needed = item;
            foreach (object? extent in shape) needed = needed > long.MaxValue ? needed : needed * (long)extent!;
            if (item == 0 || needed != bytes.Length) throw file.Bad($"an array of {string.Join('×', shape)} of type {Quoted.Name(type.Type)} has {Counted.Of(bytes.Length, "byte")}.");
            (array.Type, array.Shape, array.Bytes) = (type.Type, [.. shape.Cast<long>()], bytes);
            return array;
        }
    }
}
