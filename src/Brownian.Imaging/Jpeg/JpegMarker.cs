namespace Brownian.Imaging;

/// <summary>The second byte of the markers that matter here (ITU-T T.81, table B.1).</summary>
static class JpegMarker
{
    public const byte Temporary = 0x01;
    public const byte HuffmanTables = 0xC4;
    public const byte Restart0 = 0xD0;
    public const byte Restart7 = 0xD7;
    public const byte Start = 0xD8;
    public const byte End = 0xD9;
    public const byte Scan = 0xDA;
    public const byte QuantizationTables = 0xDB;
    public const byte RestartInterval = 0xDD;
    public const byte Jfif = 0xE0;
    public const byte Exif = 0xE1;
    public const byte Adobe = 0xEE;

    public static bool IsRestart(byte marker) => marker is >= Restart0 and <= Restart7;

    /// <summary>Starts a frame of any process, known here or not: C0-CF without the two tables and the reserved code among them.</summary>
    public static bool IsFrame(byte marker) => marker is (>= 0xC0 and <= 0xCF and not HuffmanTables and not 0xC8 and not 0xCC) or 0xF7;

    /// <summary>What the process of a frame is called, for those that are refused.</summary>
    public static string ProcessName(byte marker) => marker switch
    {
        0xC3 => "lossless",
        0xC5 or 0xC6 or 0xC7 => "hierarchical",
        0xC9 or 0xCA => "arithmetic-coded",
        0xCB => "arithmetic-coded lossless",
        0xCD or 0xCE or 0xCF => "arithmetic-coded hierarchical",
        0xF7 => "JPEG-LS",
        _ => "unknown",
    };
}
