using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;

namespace Brownian;

/// <summary>
/// An event file of TensorBoard, one for each process that trains a run: records of length, checksum, message and checksum (TFRecord), whose
/// messages are <c>Event</c>s of event.proto and <c>Summary</c>s of summary.proto; the numbers of fields are those of these files.
/// </summary>
sealed class TensorBoardFile : IDisposable
{
    const string Version = "brain.Event:2";

    readonly FileStream _file;

    /// <summary>Makes a new file. Events that an earlier process left after this step are forgotten by readers.</summary>
    /// <param name="folder">Made if absent.</param>
    /// <param name="step">The step that training continues after.</param>
    /// <param name="now">The time that the file is named by; names are unique by the step too.</param>
    /// <exception cref="IOException">The folder or the file cannot be made.</exception>
    public TensorBoardFile(string folder, long step, DateTimeOffset now)
    {
        _file = Files.Naming(folder, () =>
        {
            Directory.CreateDirectory(folder);
            string name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{now.ToUnixTimeMilliseconds()}.brownian-{step}");
            return new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        });
        Write(0, now, to => Text(to, 3, Version));
        // SessionLog.START
        Write(step + 1, now, to => Message(to, 7, log => Number(log, 1, 1)));
    }

    /// <summary>Numbers of a step, by their names.</summary>
    public void Scalars(long step, DateTimeOffset now, params ReadOnlySpan<(string Tag, double Value)> scalars)
    {
        (string Tag, double Value)[] all = scalars.ToArray();
        Write(step, now, to => Message(to, 5, summary =>
        {
            foreach ((string tag, double number) in all)
            {
                Message(summary, 1, value =>
                {
                    Text(value, 1, tag);
                    value.WriteTag(2, WireFormat.WireType.Fixed32);
                    value.WriteFloat((float)number);
                });
            }
        }));
    }

    /// <summary>A picture of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="now">When it was drawn.</param>
    /// <param name="tag">Its name.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="channels">1, 3 or 4.</param>
    /// <param name="png">The file.</param>
    public void Picture(long step, DateTimeOffset now, string tag, int width, int height, int channels, byte[] png) =>
        Write(step, now, to => Message(to, 5, summary => Message(summary, 1, value =>
        {
            Text(value, 1, tag);
            Message(value, 4, image =>
            {
                Number(image, 1, height);
                Number(image, 2, width);
                Number(image, 3, channels);
                image.WriteTag(4, WireFormat.WireType.LengthDelimited);
                image.WriteBytes(ByteString.CopyFrom(png));
            });
        })));

    /// <summary>What was written is on disk.</summary>
    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    void Write(long step, DateTimeOffset now, Action<CodedOutputStream> fill)
    {
        byte[] message = Encoded(to =>
        {
            to.WriteTag(1, WireFormat.WireType.Fixed64);
            to.WriteDouble(now.ToUnixTimeMilliseconds() / 1000.0);
            if (step != 0) Number(to, 2, step);
            fill(to);
        });
        Span<byte> header = stackalloc byte[12], footer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], MaskedChecksum(header[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(footer, MaskedChecksum(message));
        _file.Write(header);
        _file.Write(message);
        _file.Write(footer);
    }

    static byte[] Encoded(Action<CodedOutputStream> fill)
    {
        using var bytes = new MemoryStream();
        using (var to = new CodedOutputStream(bytes, leaveOpen: true)) fill(to);
        return bytes.ToArray();
    }

    static void Message(CodedOutputStream to, int field, Action<CodedOutputStream> fill)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(UnsafeByteOperations.UnsafeWrap(Encoded(fill)));
    }

    static void Text(CodedOutputStream to, int field, string text)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteString(text);
    }

    static void Number(CodedOutputStream to, int field, long number)
    {
        to.WriteTag(field, WireFormat.WireType.Varint);
        to.WriteInt64(number);
    }

    /// <summary>CRC-32C, turned by 15 bits and moved: checksums of data that holds checksums would say little.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xa282ead8;
    }
}
