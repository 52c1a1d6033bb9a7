namespace Brownian.Imaging;

/// <summary>
/// Unpacks run-length coded bitmaps. Pairs of bytes: a count and a colour (two colours of 4 bits, alternating), or 0 and a command: 0 ends
/// the row, 1 the image, 2 moves by the next two bytes right and up, n ≥ 3 says that n literal colours follow, padded to even bytes.
/// </summary>
ref struct BmpRunLength
{
    // An honest file packs at most 255 pixels into two bytes; small images may leave most of theirs out.
    const int MaxPixelsPerByte = 128, AlwaysAllowed = 1 << 20;

    readonly BmpHeader header;
    readonly ReadOnlySpan<byte> data;
    readonly byte[] indices;
    int at, x, y;               // y counts from the bottom

    BmpRunLength(BmpHeader header, ReadOnlySpan<byte> data)
    {
        this.header = header;
        this.data = data;
        long pixels = (long)header.Width * header.Height;
        if (pixels > AlwaysAllowed && pixels > (long)data.Length * MaxPixelsPerByte)
            throw new InvalidDataException($"{header.Width}×{header.Height} pixels are more than {data.Length} bytes can hold");
        indices = new byte[pixels];
    }

    public static Image Decode(BmpHeader header, ReadOnlySpan<byte> data)
    {
        var decoder = new BmpRunLength(header, data[header.Offset..]);
        while (decoder.Step()) { }
        var image = new Image(header.Width, header.Height, 3);
        for (int row = 0; row < header.Height; row++)
            for (int column = 0; column < header.Width; column++)
                BmpPalette.Place(header, decoder.indices[(header.Height - 1 - row) * header.Width + column],
                    image.Pixels.AsSpan((row * header.Width + column) * 3, 3));
        return image;
    }

    // False at the end of the image.
    bool Step()
    {
        if (at == data.Length && x == header.Width && y == header.Height - 1) return false;     // only the end command is missing
        int count = Next(), value = Next();
        if (count > 0)
        {
            for (int i = 0; i < count; i++) Put(header.Depth == 8 ? value : i % 2 == 0 ? value >> 4 : value & 15);
            return true;
        }
        switch (value)
        {
            case 0: (x, y) = (0, y + 1); break;
            case 1: return false;
            case 2: (x, y) = (x + Next(), y + Next()); break;
            default: Literal(value); break;
        }
        if (x > header.Width || y > header.Height) ThrowOutside();
        return y < header.Height;
    }

    void Literal(int count)
    {
        int start = at;
        for (int i = 0; i < count; i++)
        {
            if (header.Depth == 8) Put(Next());
            else Put(i % 2 == 0 ? Peek() >> 4 : Next() & 15);
        }
        if (header.Depth == 4 && count % 2 != 0) at++;
        if ((at - start) % 2 != 0) at++;
    }

    void Put(int color)
    {
        if (x >= header.Width || y >= header.Height) ThrowOutside();
        indices[y * header.Width + x++] = (byte)color;
    }

    readonly int Peek() => at < data.Length ? data[at] : throw new InvalidDataException("the run-length data ends before the image");

    int Next()
    {
        int value = Peek();
        at++;
        return value;
    }

    readonly void ThrowOutside() => throw new InvalidDataException($"a run leaves the image at column {x}, row {y} from the bottom");
}
