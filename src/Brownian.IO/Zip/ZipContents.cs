using System.Buffers.Binary;
using System.Text;

namespace Brownian.IO;

/// <summary>
/// The table of contents of a zip file (PKWARE's APPNOTE.TXT, §4.3), 64-bit sizes included. Beside .NET's own reader because tensors
/// are read from any place of an entry, and because nothing is allocated here that the file is not large enough to hold.
/// </summary>
sealed class ZipContents
{
    const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50, EntrySignature = 0x02014b50;
    const int EndBytes = 22, Locator64Bytes = 20, End64Bytes = 56, EntryBytes = 46, MaxComment = 0xFFFF, MaxTableBytes = 1 << 26;
    const ushort Sizes64 = 1;

    readonly FileBytes _file;
    readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    /// <exception cref="InvalidDataException">The file is damaged or no zip file.</exception>
    public ZipContents(FileBytes file)
    {
        _file = file;
        byte[] tail = new byte[Math.Min(file.Length, EndBytes + MaxComment)];
        file.Read(tail, file.Length - tail.Length);
        int at = LastEnd(tail);
        long end = file.Length - tail.Length + at;
        ReadOnlySpan<byte> record = tail.AsSpan(at, EndBytes);
        long size = U32(record, 12), offset = U32(record, 16);
        if (size == uint.MaxValue || offset == uint.MaxValue || U16(record, 10) == ushort.MaxValue) (size, offset, end) = Read64(end);
        if (offset < 0 || size < 0 || offset > end || size > end - offset)
            throw file.Bad($"the zip's table of contents takes {size} bytes from byte {offset} on, but it must end before byte {end}.");
        if (size > MaxTableBytes) throw file.Bad($"the zip's table of contents takes {size} bytes; more than {MaxTableBytes} are not read.");
        byte[] table = new byte[size];
        file.Read(table, offset);
        ReadTable(table);
    }

    /// <summary>The entries' names, slashes between folders.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    public ZipEntry? Find(string name) => _entries.GetValueOrDefault(name);

    int LastEnd(ReadOnlySpan<byte> tail)
    {
        for (int at = tail.Length - EndBytes; at >= 0; at--)
        {
            if (U32(tail, at) == EndSignature && at + EndBytes + U16(tail, at + 20) <= tail.Length) return at;
        }
        throw _file.Bad("the zip has no table of contents at its end; is the file cut off?");
    }

    (long Size, long Offset, long End) Read64(long end)
    {
        Span<byte> locator = stackalloc byte[Locator64Bytes], record = stackalloc byte[End64Bytes];
        if (end < Locator64Bytes + End64Bytes) throw _file.Bad("the zip's 64-bit table of contents is missing.");
        _file.Read(locator, end - Locator64Bytes);
        long at = I64(locator, 8);
        if (U32(locator, 0) != Locator64Signature || at < 0 || at > end - Locator64Bytes - End64Bytes)
            throw _file.Bad("the zip's 64-bit table of contents is missing.");
        _file.Read(record, at);
        if (U32(record, 0) != End64Signature) throw _file.Bad($"the zip has no 64-bit table of contents at byte {at}.");
        return (I64(record, 40), I64(record, 48), at);
    }

    void ReadTable(ReadOnlySpan<byte> table)
    {
        while (!table.IsEmpty)
        {
            if (table.Length < EntryBytes || U32(table, 0) != EntrySignature) throw _file.Bad("the zip's table of contents is damaged.");
            int name = U16(table, 28), extra = U16(table, 30), whole = EntryBytes + name + extra + U16(table, 32);
            if (whole > table.Length) throw _file.Bad("the zip's table of contents is cut off.");
            Add(table[..EntryBytes], Encoding.UTF8.GetString(table.Slice(EntryBytes, name)), table.Slice(EntryBytes + name, extra));
            table = table[whole..];
        }
    }

    void Add(ReadOnlySpan<byte> fields, string name, ReadOnlySpan<byte> extra)
    {
        long stored = U32(fields, 20), length = U32(fields, 24), offset = U32(fields, 42);
        ReadOnlySpan<byte> wide = Field(extra, Sizes64);
        if (length == uint.MaxValue) length = Next64(ref wide, length);
        if (stored == uint.MaxValue) stored = Next64(ref wide, stored);
        if (offset == uint.MaxValue) offset = Next64(ref wide, offset);
        if (length < 0 || stored < 0 || offset < 0 || offset > _file.Length || stored > _file.Length - offset)
            throw _file.Bad($"zip entry {Quoted.Name(name)} takes {stored} bytes from byte {offset} on, past the end of the file.");
        var entry = new ZipEntry(_file, name, new ZipStorage(U16(fields, 10), U16(fields, 8), offset, stored, U32(fields, 16)), length);
        if (!_entries.TryAdd(name, entry)) throw _file.Bad($"two zip entries are named {Quoted.Name(name)}.");
    }

    // Extra fields: 16 bits of kind, 16 of length, the field (§4.5.1).
    static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> extra, ushort kind)
    {
        while (extra.Length >= 4)
        {
            int length = Math.Min(U16(extra, 2), extra.Length - 4);
            if (U16(extra, 0) == kind) return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        return default;
    }

    static long Next64(ref ReadOnlySpan<byte> wide, long otherwise)
    {
        if (wide.Length < 8) return otherwise;
        long value = I64(wide, 0);
        wide = wide[8..];
        return value;
    }

    static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
