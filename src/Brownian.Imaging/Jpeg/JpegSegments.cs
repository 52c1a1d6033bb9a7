using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>
/// Walks the marker segments of a JPEG file (T.81 §B.1.1): FF, marker, and for most a length that counts itself and the body.
/// </summary>
ref struct JpegSegments(ReadOnlySpan<byte> data)
{
    /// <summary>The whole file.</summary>
    public readonly ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Where the next marker is expected.</summary>
    public int Position { get; set; }

    public byte Marker { get; private set; }

    /// <summary>What the segment holds behind its length; empty for markers without one.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>Moves to the next segment; false at the end of the data.</summary>
    /// <exception cref="InvalidDataException">There is no marker, or the segment does not fit the file.</exception>
    public bool Next()
    {
        byte previous = Marker;
        int at = Position;
        while (at < Data.Length && Data[at] == 0xFF) at++;          // any number of FF may lead a marker
        if (at >= Data.Length) return false;
        if (at == Position || Data[at] == 0)
            throw new InvalidDataException($"no marker follows the segment FF{previous:X2} at byte {Position}; the file is damaged");
        Marker = Data[at++];
        Body = [];
        if (Marker is not (JpegMarker.Start or JpegMarker.End or JpegMarker.Temporary) && !JpegMarker.IsRestart(Marker)) at = TakeBody(at);
        Position = at;
        return true;
    }

    int TakeBody(int at)
    {
        if (Data.Length - at < 2) throw new InvalidDataException($"the file is cut off in the segment FF{Marker:X2}");
        int length = BinaryPrimitives.ReadUInt16BigEndian(Data[at..]);
        if (length < 2) throw new InvalidDataException($"the segment FF{Marker:X2} has the impossible length {length}");
        if (length > Data.Length - at)
            throw new InvalidDataException(
                $"the segment FF{Marker:X2} should have {length} bytes, but the file has {Data.Length - at} left");
        Body = Data.Slice(at + 2, length - 2);
        return at + length;
    }
}
