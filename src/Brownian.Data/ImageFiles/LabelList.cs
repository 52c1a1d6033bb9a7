using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Brownian.Data;

/// <summary>
/// A file beside images that says which class each is of: <c>metadata.csv</c> or <c>metadata.jsonl</c> of the Hub's image folders,
/// <c>labels.csv</c>, with commas, semicolons or tabs, or <c>dataset.json</c> of StyleGAN and EDM.
/// </summary>
sealed class LabelList
{
    static readonly string[] FileColumns = ["file_name", "filename", "file", "image", "path", "id"];
    static readonly string[] LabelColumns = ["label", "labels", "class", "class_name", "category", "target"];

    readonly Dictionary<string, string> _labels = new(StringComparer.Ordinal);
    readonly List<string> _notes = [];

    LabelList(string name) => Name = name;

    /// <summary>The file's name.</summary>
    public string Name { get; private init; }

    /// <summary>True where the list is there and says that there are no labels.</summary>
    public bool SaysNone { get; private set; }

    /// <summary>Which lists say nothing that is understood, a line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>How many images it speaks of.</summary>
    public int Count => _labels.Count;

    /// <summary>The label of an image; null where none is listed.</summary>
    /// <param name="image">Its name in the place.</param>
    public string? Of(string image) => _labels.GetValueOrDefault(image) ?? _labels.GetValueOrDefault(Path.ChangeExtension(image, null)!);

    /// <summary>Whether it speaks of an image.</summary>
    public bool Has(string image) => Of(image) is not null;

    /// <summary>All lists among files as one; null where there is none, or none with labels.</summary>
    /// <param name="path">The folder or archive, for messages.</param>
    /// <param name="files">The files.</param>
    /// <exception cref="InvalidDataException">A list is damaged.</exception>
    public static LabelList? In(string path, IEnumerable<(IFilePlace Place, string Name)> files)
    {
        LabelList? all = null;
        foreach ((IFilePlace place, string name) in files)
        {
            string file = name[(name.LastIndexOf('/') + 1)..], folder = name[..^file.Length];
            if (file is not ("metadata.csv" or "metadata.tsv" or "metadata.jsonl" or "labels.csv" or "labels.tsv" or "dataset.json")) continue;
            var list = new LabelList(file);
            try
            {
                if (file == "dataset.json") list.AddDataset(folder, place.Read(name));
                else list.AddRows(folder, file.EndsWith(".jsonl", StringComparison.Ordinal) ? JsonLines(place.Read(name)) : Table(place.Read(name)));
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                string why = e is JsonException ? "it is not valid JSON" : e.Message.TrimEnd('.');
                throw new InvalidDataException($"{path}: {ImageLayout.Printable(name)} cannot be read: {why}; mend or remove it.", e);
            }
            if (list._labels.Count == 0 && !list.SaysNone)
                list._notes.Add($"{ImageLayout.Printable(name)} is not used: it has no rows with {string.Join(" or ", FileColumns[..2])}, and {string.Join(" or ", LabelColumns[..3])}");
            if (all is null) all = list;
            else
            {
                foreach ((string image, string label) in list._labels) all._labels.TryAdd(image, label);
                all._notes.AddRange(list._notes);
            }
        }
        return all;
    }

    // {"labels": [["00000/img00000000.png", 6], …]}, or null instead of the list.
    void AddDataset(string folder, byte[] content)
    {
        using JsonDocument json = JsonDocument.Parse(content);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("labels", out JsonElement labels)) return;
        if (labels.ValueKind == JsonValueKind.Null)
        {
            SaysNone = true;
            return;
        }
        IEnumerable<(string, JsonElement)> pairs = labels.ValueKind == JsonValueKind.Object
            ? labels.EnumerateObject().Select(pair => (pair.Name, pair.Value))
            : labels.EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1]));
        foreach ((string name, JsonElement value) in pairs)
        {
            if (value.ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
                throw new FormatException($"the label of {name} is neither a number nor a name");
            Add(folder + name, value.ToString());
        }
        SaysNone = _labels.Count == 0;
    }

    void AddRows(string folder, IEnumerable<IReadOnlyDictionary<string, string>> rows)
    {
        foreach (IReadOnlyDictionary<string, string> row in rows)
        {
            string? file = FileColumns.Select(row.GetValueOrDefault).FirstOrDefault(value => value is not null);
            string? label = LabelColumns.Select(row.GetValueOrDefault).FirstOrDefault(value => value is not null);
            if (file is { Length: > 0 } && label is { Length: > 0 }) Add(folder + file.Replace('\\', '/'), label);
        }
    }

    // A negative number says that there is none.
    void Add(string image, string label)
    {
        if (label.StartsWith('-') && int.TryParse(label, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)) return;
        if (!_labels.TryAdd(image, label) && _labels[image] != label) throw new FormatException($"it calls {image} both {_labels[image]} and {label}");
    }

    static IEnumerable<IReadOnlyDictionary<string, string>> JsonLines(byte[] content)
    {
        foreach (string line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            using JsonDocument row = JsonDocument.Parse(line);
            yield return row.RootElement.EnumerateObject().Where(IsText)
                .ToDictionary(pair => pair.Name, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        }
    }

    // Other columns may hold anything, such as boxes; a label of several classes would be lost without a word.
    static bool IsText(JsonProperty pair)
    {
        if (pair.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number) return true;
        if (LabelColumns.Contains(pair.Name) && pair.Value.ValueKind != JsonValueKind.Null)
            throw new FormatException($"the label {pair.Value} is neither a number nor a name");
        return false;
    }

    static IEnumerable<IReadOnlyDictionary<string, string>> Table(byte[] content)
    {
        string text = Encoding.UTF8.GetString(content).TrimStart('\uFEFF'), first = text.Split('\n')[0];
        if (text.Contains('\uFFFD')) throw new FormatException("it is not UTF-8");
        char separator = ((char[])[',', ';', '\t']).MaxBy(candidate => first.Count(c => c == candidate));
        List<string>? header = null;
        int row = 0;
        foreach (List<string> fields in Records(text, separator))
        {
            row++;
            if (fields is [""]) continue;
            if (header is null) header = fields;
            else
            {
                if (fields.Count != header.Count) throw new FormatException($"row {row} has another number of fields ({fields.Count}) than the header ({header.Count})");
                yield return header.Zip(fields).DistinctBy(pair => pair.First, StringComparer.OrdinalIgnoreCase)
                    .ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.OrdinalIgnoreCase);
            }
        }
    }

    // RFC 4180: fields between commas, or in quotes with quotes doubled.
    static IEnumerable<List<string>> Records(string text, char separator)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (quoted && i < text.Length)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else quoted = false;
            }
            else if (c == '"' && field.Length == 0) quoted = true;
            else if (c == separator || c == '\n')
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
                if (c == separator) continue;
                yield return fields;
                fields = [];
            }
            else field.Append(c);
        }
    }
}
