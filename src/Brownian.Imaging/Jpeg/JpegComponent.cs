namespace Brownian.Imaging;

/// <summary>One colour plane of a frame: its sampling factors, its size in samples and 8×8 blocks, and what was decoded of it.</summary>
sealed class JpegComponent(int id, int horizontal, int vertical, int quantizationSlot)
{
    public int Id { get; } = id;

    /// <summary>Blocks per MCU across, 1 to 4.</summary>
    public int Horizontal { get; } = horizontal;

    /// <summary>Blocks per MCU down, 1 to 4.</summary>
    public int Vertical { get; } = vertical;

    public int QuantizationSlot { get; } = quantizationSlot;

    /// <summary>Samples per row that show; the plane is padded beyond them.</summary>
    public int Width { get; private set; }

    /// <summary>Rows that show.</summary>
    public int Height { get; private set; }

    /// <summary>Blocks per row in a scan of this component alone, which leaves out the padding to whole MCUs (T.81 §A.2.2).</summary>
    public int BlocksWide => (Width + 7) / 8;

    /// <summary>Rows of blocks in a scan of this component alone.</summary>
    public int BlocksHigh => (Height + 7) / 8;

    /// <summary>Samples from one row of the plane to the next.</summary>
    public int Stride { get; private set; }

    /// <summary>The decoded plane: rows of <see cref="Stride"/> samples, padded to whole MCUs.</summary>
    public byte[] Samples { get; private set; } = [];

    /// <summary>Progressive frames collect their coefficients here, 64 per block in row-by-row order, before the transform.</summary>
    public short[] Coefficients { get; private set; } = [];

    /// <summary>The divisors in force when the component's first scan began.</summary>
    public ushort[]? Quantization { get; set; }

    /// <summary>
    /// Progressive: lowest bit received of each coefficient, in the order of the file; <see cref="Unseen"/> before its first scan.
    /// </summary>
    public byte[] LowestBit { get; private set; } = [];

    public const byte Unseen = 255;

    /// <summary>The DC value of the previous block, from which the next one's is told as a difference.</summary>
    public int Prediction { get; set; }

    /// <summary>Sizes the component for a frame whose MCU is <paramref name="mcu"/> blocks.</summary>
    public void Measure(int width, int height, (int Wide, int High) mcu)
    {
        Width = (width * Horizontal + mcu.Wide - 1) / mcu.Wide;
        Height = (height * Vertical + mcu.High - 1) / mcu.High;
    }

    public void Allocate(int mcusWide, int mcusHigh, bool progressive)
    {
        Stride = mcusWide * Horizontal * 8;
        Samples = new byte[(long)Stride * mcusHigh * Vertical * 8];
        if (!progressive) return;
        Coefficients = new short[Samples.Length];
        LowestBit = new byte[64];
        LowestBit.AsSpan().Fill(Unseen);
    }

    /// <summary>Where a block starts among the <see cref="Coefficients"/>.</summary>
    public int BlockOffset(int x, int y) => (y * (Stride / 8) + x) * 64;

    /// <summary>The samples of a block and of those right of it and below.</summary>
    public Span<byte> Block(int x, int y) => Samples.AsSpan(y * 8 * Stride + x * 8);

    /// <summary>Turns the collected coefficients into samples.</summary>
    public void Transform()
    {
        Span<int> block = stackalloc int[64];
        ReadOnlySpan<byte> order = JpegTables.ZigZag;
        for (int y = 0; y < BlocksHigh; y++)
        {
            for (int x = 0; x < BlocksWide; x++)
            {
                ReadOnlySpan<short> stored = Coefficients.AsSpan(BlockOffset(x, y), 64);
                for (int k = 0; k < 64; k++) block[order[k]] = stored[order[k]] * Quantization![k];
                JpegTransform.Inverse(block, Block(x, y), Stride);
            }
        }
    }
}
