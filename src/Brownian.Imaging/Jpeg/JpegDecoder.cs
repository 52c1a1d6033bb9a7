namespace Brownian.Imaging;

/// <summary>Follows the segments of a file from its start to the last scan, then assembles the image.</summary>
sealed class JpegDecoder
{
    // Encoders make about ten. Every scan visits every block, while its own bytes may be few, so hostile files have thousands.
    const int MaxScans = 256;

    readonly JpegTables tables = new();
    JpegFrame? frame;
    int scans;
    bool jfif;
    int? adobe;
    ExifOrientation orientation = ExifOrientation.Upright;

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) throw new InvalidDataException("the file is empty");
        if (!data.StartsWith(Jpeg.Signature)) throw new InvalidDataException("not a JPEG file (it does not start with FF D8 FF)");
        var decoder = new JpegDecoder();
        var segments = new JpegSegments(data);
        while (!decoder.IsComplete(segments.Marker))
        {
            if (!segments.Next())
                throw new InvalidDataException($"the file ends after the segment FF{segments.Marker:X2}; the image is not complete");
            decoder.Take(ref segments);
        }
        return decoder.Assemble();
    }

    // A sequential image ends with its last component, so that a missing end marker does no harm; a progressive one says when it ends.
    bool IsComplete(byte marker) =>
        frame is { Progressive: false } ? frame.Components.All(c => c.Quantization is not null) : marker == JpegMarker.End;

    void Take(ref JpegSegments segments)
    {
        ReadOnlySpan<byte> body = segments.Body;
        switch (segments.Marker)
        {
            case JpegMarker.Jfif: jfif |= body.StartsWith("JFIF\0"u8); break;
            case JpegMarker.Exif: orientation = Exif.Orientation(body) ?? orientation; break;
            case JpegMarker.Adobe: if (body.Length >= 12 && body.StartsWith("Adobe"u8)) adobe = body[11]; break;
            case JpegMarker.QuantizationTables: tables.ReadQuantization(body); break;
            case JpegMarker.HuffmanTables: tables.ReadHuffman(body); break;
            case JpegMarker.RestartInterval: tables.ReadRestartInterval(body); break;
            case JpegMarker.Scan: TakeScan(ref segments); break;
            case JpegMarker.End when frame is null: throw new InvalidDataException("the file has no frame header and no image");
            case byte marker when JpegMarker.IsFrame(marker):
                if (frame is not null) throw new InvalidDataException("the file has two frame headers");
                frame = JpegFrame.Parse(marker, body, segments.Data.Length - segments.Position);
                break;
        }
    }

    void TakeScan(ref JpegSegments segments)
    {
        if (frame is null) throw new InvalidDataException("a scan comes before the frame header");
        if (++scans > MaxScans) throw new InvalidDataException($"the file has more than {MaxScans} scans");
        JpegScanHeader header = JpegScanHeader.Parse(segments.Body, frame, tables);
        segments.Position = JpegScan.Decode(frame, header, tables.RestartInterval, segments.Data, segments.Position);
    }

    Image Assemble()
    {
        JpegComponent[] components = frame!.Components;
        foreach (JpegComponent component in components)
        {
            if (component.Quantization is null) throw new InvalidDataException($"component {component.Id} has no scan");
            if (frame.Progressive) component.Transform();
        }
        JpegColorSpace space = JpegColor.Detect(components, jfif, adobe);
        JpegPlane[] planes = [.. components.Select(c => new JpegPlane(c, frame.Mcu))];
        var image = new Image(frame.Width, frame.Height, space == JpegColorSpace.Gray ? 1 : 3);
        int bytes = image.Width * image.Channels;
        for (int y = 0; y < image.Height; y++) AssembleRow(space, planes, y, image.Pixels.AsSpan(y * bytes, bytes));
        return image.Turn(orientation);
    }

    static void AssembleRow(JpegColorSpace space, JpegPlane[] planes, int y, Span<byte> pixels)
    {
        ReadOnlySpan<byte> first = planes[0].Row(y);
        if (space == JpegColorSpace.Gray)
        {
            first[..pixels.Length].CopyTo(pixels);
            return;
        }
        ReadOnlySpan<byte> second = planes[1].Row(y), third = planes[2].Row(y);
        if (space is JpegColorSpace.YCbCr or JpegColorSpace.Ycck) JpegColor.FromYCbCr(first, second, third, pixels);
        else JpegColor.FromRgb(first, second, third, pixels);
        if (space is not (JpegColorSpace.Cmyk or JpegColorSpace.Ycck)) return;
        if (space is JpegColorSpace.Ycck) foreach (ref byte sample in pixels) sample = (byte)(255 - sample);
        JpegColor.MultiplyBlack(planes[3].Row(y), pixels);
    }
}
