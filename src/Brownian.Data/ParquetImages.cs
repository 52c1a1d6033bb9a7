using System.Text.Json;
using Brownian.Imaging;
using Brownian.IO;
using Parquet;
using Parquet.Schema;

namespace Brownian.Data;

/// <summary>
/// Image files in the rows of Parquet tables, as data sets of the Hugging Face Hub are kept: a column <c>image</c> with the bytes of a file,
/// by itself or as <c>image.bytes</c>, and a column of labels, whose names stand in the table's metadata. Tables may be many. Groups of rows
/// are read when an image of theirs is asked for; a few stay in memory. Any thread may read.
/// </summary>
sealed class ParquetImages : IImageSource
{
    const string Ending = ".parquet";
    const int MaxGroupRows = 1 << 21, MostGroups = 8, FewestGroups = 2;
    const long CacheBytes = 1 << 28;

    static readonly string[] ImageNamesKnown = ["image", "img", "images", "picture", "photo", "pixels", "jpg", "png"],
        LabelNames = ["label", "labels", "fine_label", "class", "target", "category"];

    readonly Table[] _tables;
    readonly (int Table, int Group, int Rows)[] _groups;
    readonly int[] _ends;
    readonly ClassLabels _labels;
    readonly Lock _turn = new();
    readonly LinkedList<(int Group, byte[]?[] Rows, long Bytes)> _read = new();

    ParquetImages(string path, Table[] tables, bool labelled, List<string> notes)
    {
        _tables = tables;
        _groups = [.. tables.Index().SelectMany(table => table.Item.Rows.Select((rows, group) => (table.Index, group, rows)))];
        _ends = new int[_groups.Length];
        long count = 0;
        for (int i = 0; i < _groups.Length; i++)
        {
            count += _groups[i].Rows;
            _ends[i] = count <= Array.MaxLength ? (int)count : throw new InvalidDataException($"{path}: more images than the {Array.MaxLength} there may be.");
        }
        if (count == 0) throw new InvalidDataException($"{path}: there are no rows in it.");
        Title = ImageLayout.Title(path, "Parquet");
        _labels = labelled ? LabelsOf(tables) : ClassLabels.None;
        Notes = [.. notes, .. tables[0].Notes, .. _labels.Notes];
    }

    public string Title { get; }

    public int Count => _ends[^1];

    public IReadOnlyList<string> Classes => _labels.Classes;

    public bool IsPictures => true;

    public IReadOnlyList<string> Notes { get; }

    /// <summary>A table of images; null where a file is something else.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">Its first bytes.</param>
    /// <param name="options">Whether there are labels.</param>
    /// <exception cref="InvalidDataException">It is damaged, or has no column of images.</exception>
    public static IImageSource? OfFile(string path, byte[] start, SourceOptions options) =>
        start.AsSpan().StartsWith("PAR1"u8) ? Opened(path, [path], options, []) : null;

    /// <summary>A folder with tables of images in it, in <c>data</c> below it, or in folders that are called as parts; null where there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which part of them.</param>
    /// <exception cref="InvalidDataException">They are damaged, or one set must be chosen.</exception>
    public static IImageSource? OfFolder(string folder, SourceOptions options)
    {
        var depth = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 };
        string[] files = [.. Directory.EnumerateFiles(folder, "*" + Ending, depth).Order(StringComparer.Ordinal)];
        if (files.Length == 0) return null;
        string[] sets = [.. files.Select(SetOf).Distinct()];
        if (sets.Length > 1) throw SetChoice.Needed(folder, sets);
        var notes = new List<string>();
        string[] chosen = SetParts.Choose(folder, [.. files.Select(file => (SetParts.Of(Path.GetRelativePath(folder, file)), file))], options.Split, notes);
        // A table of something else lies beside many a set of images.
        using (var first = new Table(chosen[0]))
        {
            if (!first.HasImages && ImageFileSource.InFolder(folder, options) is not null) return null;
        }
        SetParts.NoteImages(folder, notes);
        return Opened(folder, chosen, options, notes);

        // The folder of a set, above those that are called as parts.
        string SetOf(string file)
        {
            string above = Path.GetDirectoryName(file)!;
            while (above != folder && Path.GetFileName(above) is var name && (name == "data" || SetParts.Of(name) is not null)) above = Path.GetDirectoryName(above)!;
            return above;
        }
    }

    public string Fingerprint(int count) => string.Join(' ', _tables.Select(table => FileStamp.Of(table.Path)));

    public int Label(int index) => _labels.Of(index);

    public string NameOf(int index)
    {
        (int group, int row) = Place(index);
        return $"{_tables[_groups[group].Table].Path}: row {row + _tables[_groups[group].Table].Rows.Take(_groups[group].Group).Sum()}";
    }

    public Image Read(int index)
    {
        (int group, int row) = Place(index);
        string name = NameOf(index);
        // Decoding, which takes longer than finding the row, is left to the caller's thread.
        byte[] bytes = RowsOf(group)[row] is { Length: > 0 } found ? found : throw new InvalidDataException($"{name}: there is no image in it.");
        return ImageFile.Decode(bytes, name, atFullDepth: true);
    }

    public void Dispose()
    {
        foreach (Table table in _tables) table.Dispose();
    }

    static ParquetImages Opened(string path, string[] files, SourceOptions options, List<string> notes)
    {
        var tables = new List<Table>();
        try
        {
            foreach (string file in files) tables.Add(new Table(file));
            foreach (Table table in tables) table.CheckImages();
            return new ParquetImages(path, [.. tables], options.Labels != LabelSource.None, notes);
        }
        catch
        {
            foreach (Table table in tables) table.Dispose();
            throw;
        }
    }

    static ClassLabels LabelsOf(Table[] tables)
    {
        if (tables.Any(table => table.Label is null)) return ClassLabels.None;
        if (Table.IsText(tables[0].Label!)) return ClassLabels.Of([.. tables.SelectMany(table => table.Words())]);
        IReadOnlyList<string> names = tables[0].ClassNames;
        return ClassLabels.Of([.. tables.SelectMany(table => table.Numbers())], number => number < names.Count ? names[(int)number] : null, names.Count);
    }

    (int Group, int Row) Place(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int group = Array.BinarySearch(_ends, index + 1);
        if (group < 0) group = ~group;
        while (_groups[group].Rows == 0) group++;
        return (group, index - (group == 0 ? 0 : _ends[group - 1]));
    }

    byte[]?[] RowsOf(int group)
    {
        lock (_turn)
        {
            for (var node = _read.First; node is not null; node = node.Next)
            {
                if (node.Value.Group != group) continue;
                _read.Remove(node);
                _read.AddFirst(node);
                return node.Value.Rows;
            }
            byte[]?[] rows = _tables[_groups[group].Table].Images(_groups[group].Group);
            _read.AddFirst((group, rows, rows.Sum(row => (long)(row?.Length ?? 0))));
            while (_read.Count > MostGroups || (_read.Count > FewestGroups && _read.Sum(known => known.Bytes) > CacheBytes)) _read.RemoveLast();
            return rows;
        }
    }

    /// <summary>One file, read by one thread at a time.</summary>
    sealed class Table : IDisposable
    {
        readonly FileStream _file;
        readonly ParquetReader _reader;
        readonly DataField? _image;
        readonly string _problem = "";

        /// <exception cref="InvalidDataException">It is damaged.</exception>
        public Table(string path)
        {
            Path = path;
            _file = File.OpenRead(path);
            try
            {
                _reader = Try(() => ParquetReader.CreateAsync(_file, leaveStreamOpen: true).GetAwaiter().GetResult());
                (Dictionary<string, string> types, Dictionary<string, string[]> names) = Features();
                (_image, _problem) = ImageColumn(types);
                Field[] fields = [.. Try(() => _reader.Schema.Fields)];
                string? label = LabelNames.Concat(types.Where(type => type.Value == "ClassLabel").Select(type => type.Key))
                    .FirstOrDefault(name => Array.Exists(fields, field => field.Name == name));
                Label = Array.Find(fields, field => field.Name == label) is DataField { IsArray: false } column && (IsNumber(column) || IsText(column)) ? column : null;
                if (label is not null && Label is null) Notes = [$"the column {Quoted.Name(label)} holds no single label for each image, and is left out"];
                ClassNames = label is not null && names.TryGetValue(label, out string[]? known) ? known : [];
                Rows = Try(() => Enumerable.Range(0, _reader.RowGroupCount).Select(RowsIn).ToArray());
            }
            catch (Exception e)
            {
                _file.Dispose();
                if (e is InvalidDataException or OutOfMemoryException) throw;
                throw Damaged(e);
            }
        }

        public string Path { get; }

        /// <summary>Whether one of the columns is known to hold images.</summary>
        public bool HasImages => _image is not null;

        /// <summary>The rows of each group.</summary>
        public int[] Rows { get; }

        /// <summary>The column of labels; null for none.</summary>
        public DataField? Label { get; }

        /// <summary>What the metadata call the labels 0, 1 and so on; empty where they do not say.</summary>
        public IReadOnlyList<string> ClassNames { get; }

        public IReadOnlyList<string> Notes { get; } = [];

        /// <exception cref="InvalidDataException">There is no column of images.</exception>
        public void CheckImages()
        {
            if (!HasImages) throw new InvalidDataException($"{Path}: {_problem}.");
        }

        /// <summary>The files in the rows of a group; null where a row has none.</summary>
        public byte[]?[] Images(int group) => Try(() =>
        {
            byte[]?[] rows = new byte[]?[Rows[group]];
            using ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
            reader.ReadAsync(_image!, rows.AsMemory()!).AsTask().GetAwaiter().GetResult();
            return rows;
        });

        public IEnumerable<string> Words() => Enumerable.Range(0, Rows.Length).SelectMany(group => Try(() =>
        {
            string?[] rows = new string?[Rows[group]];
            using ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
            reader.ReadAsync(Label!, rows.AsMemory()!).AsTask().GetAwaiter().GetResult();
            return rows.Select(row => row ?? "");
        }));

        public IEnumerable<long> Numbers() => Enumerable.Range(0, Rows.Length).SelectMany(group => Try(() =>
        {
            using ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
            return Type.GetTypeCode(Label!.ClrType) switch
            {
                TypeCode.Int64 => Column<long>(reader, group, value => value),
                TypeCode.Int32 => Column<int>(reader, group, value => value),
                TypeCode.Int16 => Column<short>(reader, group, value => value),
                TypeCode.SByte => Column<sbyte>(reader, group, value => value),
                TypeCode.Byte => Column<byte>(reader, group, value => value),
                TypeCode.UInt16 => Column<ushort>(reader, group, value => value),
                TypeCode.UInt32 => Column<uint>(reader, group, value => value),
                TypeCode.Boolean => Column<bool>(reader, group, value => value ? 1 : 0),
                _ => throw new InvalidDataException("its labels are of another type"),
            };
        }));

        public void Dispose()
        {
            _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _file.Dispose();
        }

        // The library's types for both differ between what is written and what is read.
        public static bool IsText(DataField field) => field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>);

        static bool IsBytes(DataField field) => field.ClrType == typeof(byte[]) || field.ClrType == typeof(ReadOnlyMemory<byte>);

        static bool IsNumber(DataField field) => Type.GetTypeCode(field.ClrType) is
            TypeCode.Int64 or TypeCode.Int32 or TypeCode.Int16 or TypeCode.SByte or TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.Boolean;

        long[] Column<T>(ParquetRowGroupReader reader, int group, Func<T, long> number) where T : struct
        {
            if (!Label!.IsNullable)
            {
                T[] values = new T[Rows[group]];
                reader.ReadAsync<T>(Label, values.AsMemory()).AsTask().GetAwaiter().GetResult();
                return Array.ConvertAll(values, value => number(value));
            }
            T?[] some = new T?[Rows[group]];
            reader.ReadAsync<T>(Label, some.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(some, value => value is { } known ? number(known) : -1);
        }

        int RowsIn(int group)
        {
            using ParquetRowGroupReader reader = _reader.OpenRowGroupReader(group);
            return reader.RowCount is >= 0 and <= MaxGroupRows and var rows
                ? (int)rows
                : throw new InvalidDataException($"a group of {reader.RowCount} rows; it may have {MaxGroupRows}");
        }

        (DataField?, string) ImageColumn(Dictionary<string, string> types)
        {
            (string Name, DataField Field)[] binary =
            [
                .. _reader.Schema.Fields.Select(field => (field.Name, Field: BytesOf(field))).Where(field => field.Field is not null)
                    .Select(field => (field.Name, field.Field!)),
            ];
            string? name = types.Where(type => type.Value == "Image").Select(type => type.Key).Concat(ImageNamesKnown)
                .FirstOrDefault(known => Array.Exists(binary, field => field.Name == known));
            if (name is not null) return (Array.Find(binary, field => field.Name == name).Field, "");
            string columns = string.Join(", ", _reader.Schema.Fields.Take(12).Select(field => Quoted.Name(field.Name)));
            return (null, binary.Length == 0
                ? $"none of its columns holds image files ({columns}); one must be called 'image', of bytes"
                : $"which of its columns are the images? {string.Join(" or ", binary.Select(field => Quoted.Name(field.Name)))} may be; rename that column to 'image'");
        }

        static DataField? BytesOf(Field field) => field switch
        {
            DataField { IsArray: false } data when IsBytes(data) => data,
            StructField record => record.Fields.OfType<DataField>().FirstOrDefault(data => data.Name == "bytes" && IsBytes(data)),
            _ => null,
        };

        /// <summary>What the library of the Hub notes of the columns: their types, and the names of classes.</summary>
        (Dictionary<string, string> Types, Dictionary<string, string[]> Names) Features()
        {
            Dictionary<string, string> types = [];
            Dictionary<string, string[]> names = [];
            try
            {
                if (!_reader.CustomMetadata.TryGetValue("huggingface", out string? text)) return (types, names);
                using var json = JsonDocument.Parse(text);
                foreach (JsonProperty feature in json.RootElement.GetProperty("info").GetProperty("features").EnumerateObject())
                {
                    if (feature.Value.ValueKind != JsonValueKind.Object || !feature.Value.TryGetProperty("_type", out JsonElement type)) continue;
                    types[feature.Name] = type.GetString() ?? "";
                    if (feature.Value.TryGetProperty("names", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
                        names[feature.Name] = [.. list.EnumerateArray().Select(name => name.ToString())];
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // Notes of another version: without them labels are numbers.
            }
            return (types, names);
        }

        // What the library throws at damaged files is of many kinds.
        T Try<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw Damaged(e);
            }
        }

        InvalidDataException Damaged(Exception e) =>
            new($"{Path}: the Parquet table is damaged or of a kind that is not read ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).", e);
    }
}
