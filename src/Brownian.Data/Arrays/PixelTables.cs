using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>Tables of pixels (<c>.csv</c>): an image a line, its numbers row by row, and in most a column of labels beside them.</summary>
sealed class PixelTables : StoredImages
{
    const int LineBytes = 1 << 24;
    const string Ending = ".csv";

    PixelTables(string title, ArrayLayout layout, byte[] pixels, ClassLabels labels, int bitDepth, IReadOnlyList<string> notes)
        : base(title, (layout.Width, layout.Height, layout.Channels), pixels, labels, bitDepth) =>
        Notes = notes;

    public override bool MayBeMirrored => Channels == 3;

    public IReadOnlyList<string> Notes { get; }

    /// <summary>A file of lines that are images; null where it is something else.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">Its first bytes.</param>
    /// <param name="options">Whether there are labels.</param>
    /// <exception cref="InvalidDataException">It is damaged, or a table of something else.</exception>
    public static IImageSource? OfFile(string path, byte[] start, SourceOptions options)
    {
        bool text = !start.AsSpan().ContainsAnyInRange((byte)0, (byte)8) && start.AsSpan().IndexOfAny(",;\t"u8) >= 0;
        if (!text || !HasEnding(path)) return null;
        TableColumns columns = ColumnsOf(path) ?? throw new InvalidDataException(
            $"{path}: its columns are no square number of pixels (784 of 28×28, 3072 of 32×32 in colour) with or without a label; give the folder of the images if it lists files.");
        PixelTables table = Read(path, columns, options.Labels != LabelSource.None);
        return new DatasetImages(table, table.Notes);
    }

    /// <summary>A folder with tables of pixels; null where there are none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">Which part of them.</param>
    /// <exception cref="InvalidDataException">They are damaged, or one must be chosen.</exception>
    public static IImageSource? OfFolder(string folder, SourceOptions options)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(HasEnding).Order(StringComparer.Ordinal)];
        (string File, TableColumns Columns)[] tables =
            [.. files.Select(file => (file, ColumnsOf(file))).Where(table => table.Item2 is not null).Select(table => (table.file, table.Item2!))];
        if (tables.Length == 0) return null;
        var notes = new List<string>();
        SetParts.NoteImages(folder, notes);
        var chosen = SetParts.Choose(folder, [.. tables.Select(table => (SetParts.Of(Path.GetFileNameWithoutExtension(table.File)), table))], options.Split, notes);
        if (chosen.Length > 1 && options.Split != DataSplit.All) throw SetChoice.Needed(folder, [.. chosen.Select(table => table.File)]);
        PixelTables[] sets = [.. chosen.Select(table => Read(table.File, table.Columns, options.Labels != LabelSource.None))];
        foreach (PixelTables set in sets) notes.AddRange(set.Notes);
        return new DatasetImages(JoinedImages.Of(folder, ImageLayout.Title(folder, "tables of pixels"), sets), [.. notes.Distinct()]);
    }

    static bool HasEnding(string path) => path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);

    static TableColumns? ColumnsOf(string path)
    {
        using var lines = new TableLines(path, LineBytes);
        return lines.TryNext(out ReadOnlySpan<byte> first) ? TableColumns.Of(Encoding.UTF8.GetString(first)) : null;
    }

    static PixelTables Read(string path, TableColumns columns, bool labelled)
    {
        var rows = new TableRows(path, columns);
        rows.ReadAll();
        (string name, int side, int channels) = (Path.GetFileName(path), columns.Side, columns.Channels);
        List<string> notes = [];
        if (columns.Header is null && columns.Label >= 0) notes.Add($"{name}: it has no header; the first column is taken for the label");
        bool planes = channels == 3 && (columns.IsPlanar ?? ArrayLayout.IsPlanar(rows.FirstRows(), side) ?? throw new InvalidDataException(
            $"{path}: a line is an image of {side}×{side} in colour, but its header does not say whether the colours come in threes or one after the other; name the columns r0,g0,b0,… or r0,r1,…."));
        var layout = new ArrayLayout(rows.Count, side, side, channels, planes, null);
        (byte[] pixels, ValueRange range) = rows.Pixels();
        if (range.Note is { } note) notes.Add($"{name}: {note}");
        if (channels == 3) notes.Add($"{name}: its lines are images of {side}×{side} in colour, {(planes ? "the reds first, then the greens and the blues" : "in threes of red, green and blue")}");
        if (planes)
        {
            byte[] one = new byte[layout.ImageLength * (range.BitDepth / 8)];
            for (int at = 0; at < pixels.Length; at += one.Length)
            {
                layout.Interleave(pixels.AsSpan(at, one.Length), one, range.BitDepth / 8);
                one.CopyTo(pixels, at);
            }
        }
        ClassLabels labels = labelled && columns.Label >= 0 ? ClassLabels.Of(rows.Labels) : ClassLabels.None;
        return new PixelTables(ImageLayout.Title(path, "a table of pixels"), layout, pixels, labels, range.BitDepth, [.. notes, .. labels.Notes]);
    }
}

/// <summary>What the columns of a table are.</summary>
/// <param name="Delimiter">Between two of them.</param>
/// <param name="Header">Their names; null where the first line is an image.</param>
/// <param name="Label">The one with the labels, or −1.</param>
/// <param name="Pixels">Whether a column has pixels.</param>
/// <param name="Side">Of an image, in pixels.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="IsPlanar">Whether each colour is by itself; null where the header does not say.</param>
sealed partial record TableColumns(char Delimiter, string[]? Header, int Label, bool[] Pixels, int Side, int Channels, bool? IsPlanar)
{
    static readonly string[] LabelNames = ["label", "labels", "class", "target", "y", "digit", "category", "emotion", "character", "letter"],
        IndexNames = ["", "id", "index", "idx", "image_id", "unnamed: 0"];

    /// <summary>Of a table that begins with a line; null where its columns are no image.</summary>
    public static TableColumns? Of(string line)
    {
        char delimiter = ",;\t".MaxBy(c => line.Count(c));
        string[] names = [.. line.TrimStart('\uFEFF').Split(delimiter).Select(name => name.Trim().Trim('"').Trim().ToLowerInvariant())];
        bool header = Array.Exists(names, name => !double.TryParse(name, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
        if (!header)
        {
            if (ArrayLayout.FlatSide(names.Length) is { } all) return Made(-1, []);
            return ArrayLayout.FlatSide(names.Length - 1) is null ? null : Made(0, []);
        }
        int label = Array.FindIndex(names, LabelNames.Contains);
        int[] others = [.. Enumerable.Range(0, names.Length).Where(i => i != label && IndexNames.Contains(names[i]))];
        if (label < 0 && ArrayLayout.FlatSide(names.Length - others.Length) is null)
            label = Array.FindIndex(names, name => !IndexNames.Contains(name) && !name.Any(char.IsAsciiDigit));
        return Made(label, others);

        TableColumns? Made(int label, int[] others)
        {
            bool[] pixels = [.. Enumerable.Range(0, names.Length).Select(i => i != label && !others.Contains(i))];
            if (ArrayLayout.FlatSide(pixels.Count(pixel => pixel)) is not { } flat) return null;
            string[] own = [.. names.Where((_, i) => pixels[i])];
            return new TableColumns(delimiter, header ? names : null, label, pixels, flat.Side, flat.Channels, header && flat.Channels == 3 ? PlanarBy(own) : null);
        }
    }

    static bool? PlanarBy(string[] names)
    {
        string first = string.Concat(names.Take(3).Select(name => Color().Match(name).Value.Trim('_', '-', '.')));
        return first switch { "rgb" => false, "rrr" => true, _ => null };
    }

    [GeneratedRegex("^[rgb](?![a-z])|(?<![a-z])[rgb]$")]
    private static partial Regex Color();
}

/// <summary>The lines of a file, one after the other.</summary>
sealed class TableLines(string path, int most) : IDisposable
{
    readonly FileStream _file = File.OpenRead(path);
    byte[] _buffer = new byte[1 << 18];
    int _start, _end;
    bool _drained;

    /// <summary>The number of the line that was given last, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line that is not empty, without its end.</summary>
    /// <exception cref="InvalidDataException">It is too long to be one.</exception>
    public bool TryNext(out ReadOnlySpan<byte> line)
    {
        int searched = 0;
        while (true)
        {
            int at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at < 0 && !_drained)
            {
                searched = _end - _start;
                Fill();
                continue;
            }
            int length = at < 0 ? _end - _start : searched + at;
            if (at < 0 && length == 0)
            {
                line = default;
                return false;
            }
            line = _buffer.AsSpan(_start, length).TrimEnd((byte)'\r');
            _start += Math.Min(length + 1, _end - _start);
            Number++;
            if (!line.IsEmpty) return true;
            searched = 0;
        }
    }

    public void Dispose() => _file.Dispose();

    void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            if (_end >= most) throw new InvalidDataException($"{path}:{Number + 1}: the line is longer than {most} bytes.");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        int read = _file.Read(_buffer, _end, _buffer.Length - _end);
        (_end, _drained) = (_end + read, read == 0);
    }
}

/// <summary>Reads the numbers of a table: as bytes, and from the first number on that is none, all of them as floats.</summary>
sealed class TableRows(string path, TableColumns columns)
{
    const int LineBytes = 1 << 24, LabelLength = 100;

    readonly int _length = columns.Side * columns.Side * columns.Channels;
    byte[] _bytes = [];
    float[]? _floats;

    /// <summary>Lines read.</summary>
    public int Count { get; private set; }

    /// <summary>A label for each line; empty where there is no such column.</summary>
    public List<string> Labels { get; } = [];

    /// <exception cref="InvalidDataException">A line is no image; the message begins with the file and the line.</exception>
    public void ReadAll()
    {
        if (ReadAll(floats: false)) return;
        (_bytes, _floats, Count) = ([], [], 0);
        Labels.Clear();
        ReadAll(floats: true);
    }

    /// <summary>The numbers of the first few lines, as they are stored.</summary>
    public IEnumerable<double[]> FirstRows()
    {
        const int Looked = 16;
        for (int i = 0; i < Math.Min(Looked, Count); i++)
        {
            double[] row = new double[_length];
            for (int p = 0; p < _length; p++) row[p] = _floats is null ? _bytes[i * _length + p] : _floats[i * _length + p];
            yield return row;
        }
    }

    /// <summary>All pixels, and what their numbers were taken for.</summary>
    /// <exception cref="InvalidDataException">The numbers are no pixels.</exception>
    public (byte[] Pixels, ValueRange Range) Pixels()
    {
        if (_floats is null && _bytes.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1)) return (_bytes, ValueRange.Bytes);
        Extremes all = Extremes.Nothing;
        double[] row = new double[_length];
        for (int i = 0; i < Count; i++) all = all.With(Row(i));
        ValueRange range = ValueRange.Of(path, all, "values", isBytes: false);
        byte[] pixels = new byte[checked((long)Count * _length * (range.BitDepth / 8))];
        int each = _length * (range.BitDepth / 8);
        for (int i = 0; i < Count; i++) range.ToPixels(Row(i), pixels.AsSpan(i * each, each));
        return (pixels, range);

        double[] Row(int i)
        {
            for (int p = 0; p < _length; p++) row[p] = _floats is null ? _bytes[i * _length + p] : _floats[i * _length + p];
            return row;
        }
    }

    // False where a number is no byte.
    bool ReadAll(bool floats)
    {
        using var lines = new TableLines(path, LineBytes);
        if (columns.Header is not null) lines.TryNext(out _);
        while (lines.TryNext(out ReadOnlySpan<byte> line))
        {
            Grow(floats);
            if (!TryRow(line, lines.Number, floats)) return false;
            Count++;
        }
        if (Count == 0) throw new InvalidDataException($"{path}: there are no lines of pixels in it.");
        if (floats) Array.Resize(ref _floats, Count * _length);
        else Array.Resize(ref _bytes, Count * _length);
        return true;
    }

    void Grow(bool floats)
    {
        int have = floats ? _floats!.Length : _bytes.Length;
        if ((long)(Count + 1) * _length <= have) return;
        long wanted = Math.Min(Math.Max(2L * have, 64L * _length), Array.MaxLength / (floats ? 4 : 1));
        if ((long)(Count + 1) * _length > wanted) throw new InvalidDataException($"{path}: more than {Count} images of {_length} numbers do not fit; save them as .npy.");
        if (floats) Array.Resize(ref _floats, (int)wanted);
        else Array.Resize(ref _bytes, (int)wanted);
    }

    bool TryRow(ReadOnlySpan<byte> line, int number, bool floats)
    {
        int column = 0, pixel = 0, at = 0;
        Span<byte> bytes = floats ? [] : _bytes.AsSpan(Count * _length, _length);
        byte delimiter = (byte)columns.Delimiter;
        while (true)
        {
            if (column == columns.Pixels.Length) throw Columns(number, column + 1 + line[at..].Count(delimiter));
            // Nearly every field of nearly every table is one to three digits.
            int value = 0, start = at;
            while (at < line.Length && line[at] is >= (byte)'0' and <= (byte)'9' && at - start < 4) value = 10 * value + line[at++] - '0';
            bool plain = at > start && (at == line.Length || line[at] == delimiter);
            if (!plain)
            {
                int end = line[at..].IndexOf(delimiter);
                at = end < 0 ? line.Length : at + end;
            }
            if (columns.Pixels[column])
            {
                double exact = plain ? value : Number(line[start..at], number, column);
                if (floats) _floats![Count * _length + pixel++] = (float)exact;
                else if (exact is >= 0 and <= byte.MaxValue && exact == (byte)exact) bytes[pixel++] = (byte)exact;
                else return false;
            }
            else if (column == columns.Label)
            {
                Labels.Add(Encoding.UTF8.GetString(line[start..Math.Min(at, start + LabelLength)]).Trim().Trim('"'));
            }
            column++;
            if (at == line.Length) break;
            at++;
            if (at == line.Length && column < columns.Pixels.Length) throw Bad(number, $"column {column + 1} is empty");
        }
        return column == columns.Pixels.Length ? true : throw Columns(number, column);
    }

    double Number(ReadOnlySpan<byte> field, int line, int column)
    {
        ReadOnlySpan<byte> text = field.Trim(" \""u8);
        if (Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length && double.IsFinite(value)) return value;
        string shown = Encoding.UTF8.GetString(field[..Math.Min(field.Length, 20)]);
        throw Bad(line, $"column {column + 1} is '{ImageLayout.Printable(shown)}', which is no number");
    }

    InvalidDataException Columns(int line, int found) => Bad(line, $"{Counted.Of(found, "column")} instead of the {columns.Pixels.Length} of the first line");

    InvalidDataException Bad(int line, string problem) => new($"{path}:{line}: {problem}.");
}
