using System.Text;

namespace Brownian.Training;

/// <summary>NumPy's format for one array, version 1.0 (NumPy enhancement proposal 1).</summary>
static class Npy
{
    /// <summary>Writes bytes as a C-ordered uint8 array; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">Extents whose product is the number of bytes.</param>
    /// <param name="images">The content, in pieces that follow one another.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    public static void Write(string path, ReadOnlySpan<int> shape, IEnumerable<byte[]> images, bool overwrite)
    {
        using var file = new AtomicFile(path, overwrite);
        file.Stream.Write(Header(shape));
        foreach (byte[] image in images) file.Stream.Write(image);
        file.Commit();
    }

    // Magic, version, length, then a Python dictionary padded with spaces so that the data begin at a multiple of 64.
    static byte[] Header(ReadOnlySpan<int> shape)
    {
        string extents = string.Join(", ", shape.ToArray()) + (shape.Length == 1 ? "," : "");
        string text = $"{{'descr': '|u1', 'fortran_order': False, 'shape': ({extents}), }}";
        int total = (10 + text.Length + 1 + 63) / 64 * 64;
        byte[] header = new byte[total];
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        (header[6], header[7]) = (1, 0);
        int length = header.Length - 10;
        (header[8], header[9]) = ((byte)length, (byte)(length >> 8));
        header.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }
}
