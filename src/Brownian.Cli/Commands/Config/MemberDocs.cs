using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace Brownian.Cli;

/// <summary>
/// What the code says of its settings: the documentation comments of the records that declare them, as the compiler wrote them down. So a key is
/// explained in one place, beside the code that reads it.
/// </summary>
static class MemberDocs
{
    const string Folder = "documentation/";

    static readonly Lazy<FrozenDictionary<string, XElement>> Members = new(Read);

    static readonly Lazy<FrozenDictionary<string, string>> Keys = new(() =>
        ConfigKey.All.DistinctBy(IdOf).ToFrozenDictionary(IdOf, key => key.Name));

    /// <summary>What a key means, in a line.</summary>
    public static string Of(ConfigKey key)
    {
        string text = Text(SummaryOf(key.Declaring, key.Property));
        return text.EndsWith('.') ? text : text + ".";
    }

    static string IdOf(ConfigKey key) => IdOf(key.Declaring, key.Property);

    static string IdOf(Type type, string property) => $"P:{type.FullName!.Replace('+', '.')}.{property}";

    static XElement SummaryOf(Type declaring, string property)
    {
        for (Type? type = declaring; type is not null; type = type.BaseType)
        {
            if (!Members.Value.TryGetValue(IdOf(type, property), out XElement? member)) continue;
            if (member.Element("summary") is { } summary) return summary;
            if (member.Element("inheritdoc")?.Attribute("cref")?.Value is { } other && Members.Value[other].Element("summary") is { } inherited) return inherited;
        }
        throw new InvalidOperationException($"{declaring.Name}.{property} has no summary.");
    }

    static string Text(XElement element)
    {
        var text = new StringBuilder();
        Append(text, element);
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    // What is referred to is called as a file calls it, or by its last name.
    static void Append(StringBuilder text, XElement element)
    {
        foreach (XNode node in element.Nodes())
        {
            if (node is XText words) text.Append(words.Value);
            if (node is not XElement inner) continue;
            if (inner.Attribute("cref")?.Value is { } cref) text.Append(Keys.Value.TryGetValue(cref, out string? key) ? key : NameOf(cref));
            else if ((inner.Attribute("langword") ?? inner.Attribute("name"))?.Value is { } word) text.Append(word);
            else Append(text, inner);
        }
    }

    // A choice as files call it; otherwise the last name.
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Brownian's own assemblies are not trimmed.")]
    static string NameOf(string cref)
    {
        int dot = cref.LastIndexOf('.');
        (string type, string member) = (cref[2..dot], cref[(dot + 1)..]);
        Type? choices = cref.StartsWith("F:", StringComparison.Ordinal)
            ? (typeof(TrainConfig).Assembly.GetType(type) ?? typeof(Names).Assembly.GetType(type))
            : null;
        return choices is { IsEnum: true } ? Names.Of((Enum)Enum.Parse(choices, member)) : member;
    }

    static FrozenDictionary<string, XElement> Read()
    {
        Assembly own = typeof(MemberDocs).Assembly;
        var members = new Dictionary<string, XElement>(StringComparer.Ordinal);
        foreach (string name in own.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            using Stream stream = own.GetManifestResourceStream(name)!;
            foreach (XElement member in XDocument.Load(stream).Descendants("member")) members[member.Attribute("name")!.Value] = member;
        }
        return members.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
