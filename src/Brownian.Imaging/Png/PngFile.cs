using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>What the chunks of a file say, before any pixel is unpacked. Chunk order is that of PNG §5.6.</summary>
sealed class PngFile
{
    // Deflate codes at best 258 bytes in two bits, so no honest stream inflates by more.
    const long MaxInflation = 1032;

    readonly byte[] packed;             // the bodies of the IDAT chunks, one after another
    readonly PngText text = new();
    byte[]? transparency;
    int packedBytes;
    bool idatEnded;

    PngFile(PngHeader header, int fileBytes)
    {
        Header = header;
        packed = new byte[fileBytes];
    }

    public PngHeader Header { get; }

    /// <summary>RGB triples; null in files without a palette.</summary>
    public byte[]? Palette { get; private set; }

    /// <summary>The body of tRNS: alphas of palette entries, or one transparent colour in 16-bit samples; null without.</summary>
    public byte[]? Transparency => transparency;

    /// <summary>Of the camera (eXIf).</summary>
    public ExifOrientation Orientation { get; private set; } = ExifOrientation.Upright;

    public IReadOnlyDictionary<string, string> Text => text.Entries;

    public int Channels => (Header.Color is PngColor.Palette ? 3 : Header.Samples) + (transparency is null ? 0 : 1);

    /// <summary>A new stream over the zlib data of all IDAT chunks.</summary>
    public MemoryStream OpenPacked() => new(packed, 0, packedBytes, writable: false);

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static PngFile Parse(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) throw new InvalidDataException("the file is empty");
        if (!data.StartsWith(Png.Signature)) throw new InvalidDataException("not a PNG file (its first 8 bytes are not the PNG signature)");
        var chunks = new PngChunks(data[Png.Signature.Length..]);
        chunks.Read();
        if (chunks.Type != "IHDR") throw new InvalidDataException($"the first chunk is {chunks.Type} instead of IHDR");
        var file = new PngFile(PngHeader.Parse(chunks.Body), data.Length);
        for (chunks.Read(); chunks.Type != "IEND"; chunks.Read()) file.Take(chunks);
        file.Finish();
        return file;
    }

    void Take(in PngChunks chunk)
    {
        if (packedBytes > 0 && chunk.Type != "IDAT") idatEnded = true;
        switch (chunk.Type)
        {
            case "IDAT": TakeData(chunk.Body); break;
            case "PLTE": TakePalette(chunk.Body); break;
            case "tRNS": TakeTransparency(chunk.Body); break;
            case "tEXt": text.AddLatin(chunk.Body); break;
            case "zTXt": text.AddCompressed(chunk.Body); break;
            case "iTXt": text.AddInternational(chunk.Body); break;
            case "eXIf": Orientation = TiffDirectory.Orientation(chunk.Body); break;
            case "IHDR": throw new InvalidDataException("the file has two IHDR chunks");
            default:
                if (chunk.IsCritical) throw new InvalidDataException($"the file needs the chunk {chunk.Type}, which is unknown");
                break;
        }
    }

    void TakeData(ReadOnlySpan<byte> body)
    {
        if (idatEnded) throw new InvalidDataException("the IDAT chunks are not consecutive");
        body.CopyTo(packed.AsSpan(packedBytes));
        packedBytes += body.Length;
    }

    void TakePalette(ReadOnlySpan<byte> body)
    {
        if (Palette is not null) throw new InvalidDataException("the file has two PLTE chunks");
        if (packedBytes > 0) throw new InvalidDataException("the palette comes after the image data");
        if (body.Length % 3 != 0 || body.Length is 0 or > 768)
            throw new InvalidDataException($"the palette has {Counted.Of(body.Length, "byte")}; it needs 3 for each of 1 to 256 colours");
        Palette = body.ToArray();
    }

    void TakeTransparency(ReadOnlySpan<byte> body)
    {
        // Meaningless beside a full alpha channel: ignored, as libpng does.
        if (Header.Color is PngColor.GrayAlpha or PngColor.Rgba) return;
        if (transparency is not null) throw new InvalidDataException("the file has two tRNS chunks");
        if (packedBytes > 0) throw new InvalidDataException("the transparency (tRNS) comes after the image data");
        if (Header.Color is PngColor.Palette)
        {
            if (Palette is null) throw new InvalidDataException("the transparency (tRNS) comes before the palette");
            if (body.Length > Palette.Length / 3)
                throw new InvalidDataException($"the transparency (tRNS) has {Counted.Of(body.Length, "entry", "entries")} for a palette of {Palette.Length / 3}");
        }
        else if (body.Length != 2 * Header.Samples)
        {
            throw new InvalidDataException($"the transparency (tRNS) has {Counted.Of(body.Length, "byte")} instead of {2 * Header.Samples}");
        }
        transparency = body.ToArray();
    }

    void Finish()
    {
        if (Header.Color is PngColor.Palette && Palette is null) throw new InvalidDataException("a palette image without a palette (PLTE)");
        if (packedBytes == 0) throw new InvalidDataException("the file has no image data (IDAT)");
        long needed = Header.InflatedBytes();
        if (needed > packedBytes * MaxInflation)
            throw new InvalidDataException(
                $"{Header.Width}×{Header.Height} needs {needed} bytes, more than {packedBytes} bytes of IDAT can hold");
    }
}
