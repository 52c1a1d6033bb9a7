using System.IO.Compression;
using System.Text;

namespace Brownian.Imaging;

/// <summary>Gathers the text chunks of a file (PNG §11.3.3); a repeated keyword keeps its last text.</summary>
sealed class PngText
{
    /// <summary>All texts of a file together, in bytes after inflation; more is taken for an attack.</summary>
    const int MaxBytes = 16 << 20;

    internal const int MaxKeyword = 79;

    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    readonly Dictionary<string, string> entries = new(StringComparer.Ordinal);
    int bytes;

    public IReadOnlyDictionary<string, string> Entries => entries;

    /// <summary>tEXt: keyword, NUL, Latin-1 text.</summary>
    public void AddLatin(ReadOnlySpan<byte> body)
    {
        string keyword = Keyword(ref body, "tEXt");
        entries[keyword] = Encoding.Latin1.GetString(Counted(body));
    }

    /// <summary>zTXt: keyword, NUL, compression method, Latin-1 text as a zlib stream.</summary>
    public void AddCompressed(ReadOnlySpan<byte> body)
    {
        string keyword = Keyword(ref body, "zTXt");
        if (body.IsEmpty || body[0] != 0) throw new InvalidDataException($"the text '{keyword}' (zTXt) has an unknown compression method");
        entries[keyword] = Encoding.Latin1.GetString(Inflate(body[1..], keyword));
    }

    /// <summary>iTXt: keyword, NUL, compressed?, method, language, NUL, translated keyword, NUL, UTF-8 text.</summary>
    public void AddInternational(ReadOnlySpan<byte> body)
    {
        string keyword = Keyword(ref body, "iTXt");
        if (body.Length < 2 || body[0] > 1 || body[1] != 0)
            throw new InvalidDataException($"the text '{keyword}' (iTXt) has an unknown compression method");
        bool compressed = body[0] == 1;
        body = body[2..];
        Field(ref body, "iTXt");
        Field(ref body, "iTXt");
        try
        {
            entries[keyword] = Utf8.GetString(compressed ? Inflate(body, keyword) : Counted(body));
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"the text '{keyword}' (iTXt) is not valid UTF-8", e);
        }
    }

    static string Keyword(ref ReadOnlySpan<byte> body, string chunk)
    {
        ReadOnlySpan<byte> keyword = Field(ref body, chunk);
        if (keyword.Length is 0 or > MaxKeyword)
            throw new InvalidDataException($"a keyword ({chunk}) has {keyword.Length} characters instead of 1 to {MaxKeyword}");
        return Encoding.Latin1.GetString(keyword);
    }

    static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> body, string chunk)
    {
        int end = body.IndexOf((byte)0);
        if (end < 0) throw new InvalidDataException($"a text chunk ({chunk}) is cut off");
        ReadOnlySpan<byte> field = body[..end];
        body = body[(end + 1)..];
        return field;
    }

    byte[] Inflate(ReadOnlySpan<byte> packed, string keyword)
    {
        using var stream = new ZLibStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        var text = new MemoryStream();
        Span<byte> block = stackalloc byte[4096];
        int read;
        while ((read = ReadBlock(stream, block, keyword)) > 0) text.Write(Counted(block[..read]));
        return text.ToArray();
    }

    static int ReadBlock(ZLibStream stream, Span<byte> block, string keyword)
    {
        try
        {
            return stream.Read(block);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the compressed text '{keyword}' is damaged", e);
        }
    }

    ReadOnlySpan<byte> Counted(ReadOnlySpan<byte> text)
    {
        bytes += text.Length;
        return bytes <= MaxBytes ? text : throw new InvalidDataException($"the texts exceed {MaxBytes} bytes");
    }
}
