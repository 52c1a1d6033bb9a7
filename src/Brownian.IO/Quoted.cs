using System.Text.Encodings.Web;
using System.Text.Json;

namespace Brownian.IO;

/// <summary>What a file of unknown origin says, as messages may repeat it.</summary>
static class Quoted
{
    const int Most = 120;

    /// <summary>A name as it may stand in a one-line message.</summary>
    public static string Name(string name)
    {
        string escaped = JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
        return escaped.Length <= Most ? $"'{escaped}'" : $"'{escaped[..Most]}…'";
    }
}
