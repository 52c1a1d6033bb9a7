using System.Globalization;
using BitMiracle.LibTiff.Classic;

namespace Brownian.Imaging;

/// <summary>A TIFF in memory, and what the library has to say about it.</summary>
sealed class TiffSource(byte[] data) : MemoryStream(data, writable: false)
{
    bool counts;

    // The library has one handler for all files, which by default writes to the console.
    static TiffSource() => Handler.Previous = Tiff.SetErrorHandler(new Handler());

    /// <summary>The first error; null where there was none.</summary>
    public string? Error { get; private set; }

    /// <summary>The first warning about pixels, some of which are then made up.</summary>
    public string? Doubt { get; private set; }

    /// <summary>From here on warnings are about pixels, no longer about tags.</summary>
    public void CountDoubts() => counts = true;

    static string Text(string format, object[] args) =>
        $"the TIFF is damaged: {string.Format(CultureInfo.InvariantCulture, format, args).ReplaceLineEndings(" ").TrimEnd('.', ' ')}";

    /// <summary>Hands each message to the file that it is about, and those of others to who handled them before.</summary>
    sealed class Handler : TiffErrorHandler
    {
        public static TiffErrorHandler? Previous { get; set; }

        public override void ErrorHandler(Tiff tif, string method, string format, params object[] args)
        {
            if (tif?.Clientdata() is TiffSource source) source.Error ??= Text(format, args);
            else if (tif is not null) Previous?.ErrorHandler(tif, method, format, args);
        }

        // Also of files that could not be opened.
        public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
        {
            if (clientData is TiffSource source) source.Error ??= Text(format, args);
            else Previous?.ErrorHandlerExt(tif, clientData, method, format, args);
        }

        public override void WarningHandler(Tiff tif, string method, string format, params object[] args)
        {
            if (tif?.Clientdata() is TiffSource source) source.Doubt ??= source.counts ? Text(format, args) : null;
            else if (tif is not null) Previous?.WarningHandler(tif, method, format, args);
        }

        public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
        {
            if (clientData is not TiffSource) Previous?.WarningHandlerExt(tif, clientData, method, format, args);
        }
    }
}
