using System.Text;

namespace Brownian.Imaging;

/// <summary>Names formats that are not read, so that an error can say what a file is.</summary>
static class ForeignFormat
{
    static readonly Dictionary<string, string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        [".tga"] = "TGA",
        [".pcx"] = "PCX",
        [".dng"] = "a camera's raw file",
        [".lmdb"] = "LMDB",
        [".tfrecord"] = "TFRecord",
        [".mat"] = "MATLAB's .mat",
    };

    /// <summary>The format that the data begins like, else that of the name's ending; null when unknown.</summary>
    public static string? Name(ReadOnlySpan<byte> data, string name) =>
        Raster(data) ?? Medical(data) ?? Other(data) ?? (EndsAsTga(data) ? "TGA" : Endings.GetValueOrDefault(Path.GetExtension(name)));

    static string? Raster(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("8BPS"u8)) return "Photoshop's PSD";
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]) || Box(data) == "JXL ") return "JPEG XL";
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]) || Box(data) == "jP  ") return "JPEG 2000";
        if (Box(data) == "ftyp")
            return Encoding.Latin1.GetString(data.Slice(8, 4)) switch
            {
                "avif" or "avis" => "AVIF",
                "heic" or "heix" or "heim" or "heis" or "hevc" or "mif1" or "msf1" => "HEIC",
                _ => "a video (MP4 or QuickTime)",
            };
        if (data.Length > 2 && data[0] == 'P' && data[1] is >= (byte)'1' and <= (byte)'7' && data[2] <= ' ') return "PNM (.ppm, .pgm, .pbm)";
        if (data.StartsWith("Pf\n"u8) || data.StartsWith("PF\n"u8)) return "PFM";
        if (IconFile.IsCursor(data)) return "a cursor (.cur)";
        if (data.StartsWith((ReadOnlySpan<byte>)[0x76, 0x2F, 0x31, 0x01])) return "OpenEXR";
        if (data.StartsWith("#?RADIANCE"u8)) return "Radiance HDR";
        if (data.StartsWith("DDS "u8)) return "DDS";
        if (data.StartsWith("qoif"u8)) return "QOI";
        return data.StartsWith("gimp xcf"u8) ? "GIMP's XCF" : null;
    }

    static string? Medical(ReadOnlySpan<byte> data)
    {
        if (data.Length > 132 && data[128..].StartsWith("DICM"u8)) return "DICOM";
        if (data.Length > 348 && (data[344..].StartsWith("n+1\0"u8) || data[344..].StartsWith("ni1\0"u8))) return "NIfTI";
        if (data.StartsWith("NRRD000"u8)) return "NRRD";
        if (data.StartsWith("SIMPLE  ="u8)) return "FITS";
        if (data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F', 0x0D, 0x0A, 0x1A, 0x0A])) return "HDF5";
        return data.StartsWith("MATLAB 5.0"u8) ? "MATLAB's .mat" : null;
    }

    static string? Other(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("%PDF"u8)) return "PDF";
        if (data.StartsWith("%!PS"u8)) return "PostScript";
        if (data.StartsWith("version https://git-lfs"u8)) return "a Git LFS pointer (run git lfs pull)";
        if (data.StartsWith("PK\x3\x4"u8)) return "a zip archive";
        if (data.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) return "a gzip archive";
        if (StartsLikeText(data, "<!doctype html"u8) || StartsLikeText(data, "<html"u8)) return "an HTML page";
        return data.StartsWith("<svg"u8) || data.StartsWith("<?xml"u8) ? "SVG" : null;
    }

    static bool StartsLikeText(ReadOnlySpan<byte> data, ReadOnlySpan<byte> lower) => data.Length >= lower.Length && Ascii.EqualsIgnoreCase(data[..lower.Length], lower);

    // Its beginning is a few small numbers. The newer version has a footer.
    static bool EndsAsTga(ReadOnlySpan<byte> data) => data.EndsWith("TRUEVISION-XFILE.\0"u8);

    // The type of the first box of an ISO media file.
    static string Box(ReadOnlySpan<byte> data) => data.Length < 12 ? "" : Encoding.Latin1.GetString(data.Slice(4, 4));
}
