using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;

namespace Brownian.Imaging;

/// <summary>How the pixels of a TIFF are coded: as samples one by one, or as YCbCr in JPEGs or in units of several pixels.</summary>
enum TiffCoding { Samples, Jpeg, Subsampled }

/// <summary>What the samples of a TIFF mean, and what they become.</summary>
sealed class TiffColors
{
    enum Extra { Dropped, Associated, Alpha, Data }

    readonly Photometric photometric;
    readonly Extra extra;
    readonly ushort[][] palette = [];

    /// <exception cref="InvalidDataException">Names a kind that is not supported.</exception>
    public TiffColors(Tiff tiff)
    {
        Width = TiffFile.Field(tiff, TiffTag.IMAGEWIDTH, 0);
        Height = TiffFile.Field(tiff, TiffTag.IMAGELENGTH, 0);
        Samples = TiffFile.Field(tiff, TiffTag.SAMPLESPERPIXEL, 1);
        Bits = TiffFile.Field(tiff, TiffTag.BITSPERSAMPLE, 1);
        photometric = tiff.GetField(TiffTag.PHOTOMETRIC) is [{ Value: Photometric stored }, ..] ? stored : Photometric.MINISBLACK;
        var compression = tiff.GetField(TiffTag.COMPRESSION) is [{ Value: Compression packed }, ..] ? packed : Compression.NONE;
        CheckSamples(tiff);
        if (photometric == Photometric.YCBCR) Coding = compression == Compression.JPEG ? TiffCoding.Jpeg : TiffCoding.Subsampled;
        extra = ExtraSamples(tiff);
        if (photometric == Photometric.PALETTE)
            palette = tiff.GetField(TiffTag.COLORMAP) is { Length: 3 } map
                ? [map[0].ToUShortArray(), map[1].ToUShortArray(), map[2].ToUShortArray()]
                : throw new InvalidDataException("a palette image without a palette");
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>For each pixel, with alpha and other extras.</summary>
    public int Samples { get; }

    /// <summary>Of a sample: 1, 2, 4, 8 or 16.</summary>
    public int Bits { get; }

    /// <summary>Of an unpacked sample.</summary>
    public int SampleBytes => Bits == 16 ? 2 : 1;

    public TiffCoding Coding { get; }

    /// <summary>The image, of 8 or 16 bits.</summary>
    /// <param name="samples">Height × width × <see cref="Samples"/>, not yet stretched to 8 bits.</param>
    public Image ToImage(byte[] samples)
    {
        int colors = photometric switch
        {
            Photometric.PALETTE => 1,
            Photometric.SEPARATED => 4,
            Photometric.RGB => 3,
            _ => extra == Extra.Data ? Samples : 1,
        };
        if (extra == Extra.Data) colors = Samples;
        else if (photometric == Photometric.PALETTE) return Lookup(samples);
        int kept = colors + (extra is Extra.Alpha or Extra.Associated ? 1 : 0);
        Stretch(samples);
        var image = new Image(Width, Height, kept, Keep(samples, kept), bitDepth: 8 * SampleBytes) { Format = "TIFF" };
        if (extra == Extra.Associated) image = Transparency.Unmultiply(image);
        return photometric == Photometric.SEPARATED && extra != Extra.Data ? FromInks(image) : image;
    }

    // The first samples of each pixel.
    byte[] Keep(byte[] samples, int kept)
    {
        if (kept == Samples) return samples;
        int from = Samples * SampleBytes, to = kept * SampleBytes;
        byte[] less = new byte[samples.Length / from * to];
        for (int i = 0; i < less.Length / to; i++) samples.AsSpan(i * from, to).CopyTo(less.AsSpan(i * to));
        return less;
    }

    void Stretch(byte[] samples)
    {
        bool isInverted = photometric == Photometric.MINISWHITE;
        int most = (1 << Bits) - 1;
        if (Bits == 16)
        {
            if (isInverted) foreach (ref ushort sample in MemoryMarshal.Cast<byte, ushort>(samples.AsSpan())) sample = (ushort)(most - sample);
            return;
        }
        if (Bits < 8 || isInverted)
            foreach (ref byte sample in samples.AsSpan()) sample = (byte)((isInverted ? most - sample : sample) * 255 / most);
    }

    // Colours of 16 bits; some programs write 8.
    Image Lookup(byte[] samples)
    {
        int shift = palette.Any(channel => channel.Any(level => level > 255)) ? 8 : 0;
        var image = new Image(Width, Height, 3, new byte[3L * Width * Height]) { Format = "TIFF" };
        for (int i = 0, at = 0; at < image.Pixels.Length; i += Samples, at += 3)
            for (int c = 0; c < 3; c++) image.Pixels[at + c] = (byte)(palette[c][samples[i]] >> shift);
        return image;
    }

    // Light is what no ink takes away: (1 − ink)·(1 − black), to the nearest.
    static Image FromInks(Image inks)
    {
        var image = new Image(inks.Width, inks.Height, 3, inks.BitDepth).From(inks.Format);
        long most = inks.BitDepth == 16 ? ushort.MaxValue : byte.MaxValue;
        for (int i = 0, count = image.Width * image.Height; i < count; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                long light = ((most - Sample(inks, 4 * i + c)) * (most - Sample(inks, 4 * i + 3)) + most / 2) / most;
                if (inks.BitDepth == 16) image.Deep[3 * i + c] = (ushort)light;
                else image.Pixels[3 * i + c] = (byte)light;
            }
        }
        return image;
    }

    static int Sample(Image image, int index) => image.BitDepth == 16 ? image.Deep[index] : image.Pixels[index];

    void CheckSamples(Tiff tiff)
    {
        var format = tiff.GetField(TiffTag.SAMPLEFORMAT) is [{ Value: SampleFormat stored }, ..] ? stored : SampleFormat.UINT;
        if (format is SampleFormat.IEEEFP or SampleFormat.COMPLEXIEEEFP)
            throw new InvalidDataException($"a TIFF of {Bits}-bit floating-point numbers is not supported; save it as .npy, or with 8 or 16 bits");
        if (format == SampleFormat.INT) throw new InvalidDataException($"a TIFF of signed {Bits}-bit numbers is not supported; save it with 8 or 16 bits, unsigned");
        if (Bits is not (1 or 2 or 4 or 8 or 16)) throw new InvalidDataException($"a TIFF of {Bits} bits per sample is not supported; save it with 8 or 16");
        if (Samples is < 1 or > Image.MaxChannels) throw new InvalidDataException($"a TIFF of {Samples} samples per pixel is not supported");
        if (tiff.GetField(TiffTag.IMAGEDEPTH) is [{ } depth, ..] && depth.ToInt() > 1) throw new InvalidDataException("a TIFF of a volume is not supported");
    }

    Extra ExtraSamples(Tiff tiff)
    {
        int colors = photometric switch
        {
            Photometric.MINISBLACK or Photometric.MINISWHITE or Photometric.PALETTE => 1,
            Photometric.RGB or Photometric.YCBCR => 3,
            Photometric.SEPARATED => 4,
            _ => throw new InvalidDataException($"a TIFF of colours of the kind {photometric} is not supported; save it as RGB"),
        };
        if (Samples < colors) throw new InvalidDataException($"{Samples} samples per pixel are too few for {photometric}");
        if (photometric == Photometric.PALETTE && Bits == 16) throw new InvalidDataException("a palette of 65536 colours is not supported");
        if (photometric == Photometric.YCBCR && Bits != 8) throw new InvalidDataException($"YCbCr of {Bits} bits is not supported");
        if (Samples == colors) return Extra.Dropped;
        var kinds = tiff.GetField(TiffTag.EXTRASAMPLES) is [_, { Value: ExtraSample[] stored }, ..] ? stored : [];
        if (Samples > 4 && photometric != Photometric.PALETTE) return Extra.Data;
        if (photometric == Photometric.PALETTE) return Extra.Dropped;
        if (Samples > colors + 1)
            throw new InvalidDataException($"{Samples} samples per pixel, of which {colors} are a colour, are not supported; save them as .npy");
        return kinds switch
        {
            [ExtraSample.ASSOCALPHA, ..] => Extra.Associated,
            [ExtraSample.UNASSALPHA, ..] => Extra.Alpha,
            [] => Extra.Alpha,                                                  // as Pillow takes it
            _ => Extra.Dropped,
        };
    }
}
