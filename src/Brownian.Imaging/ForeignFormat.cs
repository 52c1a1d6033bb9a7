using System.Text;

namespace Brownian.Imaging;

/// <summary>Names formats that are not read, so that an error can say what a file is.</summary>
static class ForeignFormat
{
    /// <summary>The format that the data begins like; null when unknown.</summary>
    public static string? Name(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("GIF8"u8)) return "GIF";
        if (data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..].StartsWith("WEBP"u8)) return "WebP";
        if (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8)) return "TIFF";
        if (data.StartsWith("II+\0"u8) || data.StartsWith("MM\0+"u8)) return "BigTIFF";
        if (data.StartsWith("8BPS"u8)) return "Photoshop's PSD";
        if (data.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0])) return "an icon (ICO)";
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]) || Box(data) == "JXL ") return "JPEG XL";
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]) || Box(data) == "jP  ") return "JPEG 2000";
        if (Box(data) == "ftyp") return data[8..].StartsWith("avi"u8) ? "AVIF" : "HEIF or video";
        if (data.Length > 2 && data[0] == 'P' && data[1] is >= (byte)'1' and <= (byte)'7' && data[2] <= ' ') return "PNM";
        if (data.StartsWith("%PDF"u8)) return "PDF";
        return data.StartsWith("<svg"u8) || data.StartsWith("<?xml"u8) ? "SVG" : null;
    }

    // The type of the first box of an ISO media file.
    static string Box(ReadOnlySpan<byte> data) => data.Length < 12 ? "" : Encoding.Latin1.GetString(data.Slice(4, 4));
}
