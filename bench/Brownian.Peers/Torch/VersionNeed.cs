using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Brownian.Peers;

/// <summary>
/// The versions of other libraries' symbols that a shared library asks for (ELF64, little-endian: section .gnu.version_r). One whose
/// flags say "weak" may be missing when the library is loaded.
/// </summary>
static class VersionNeed
{
    const int SectionHeaders = 0x28, HeaderSize = 0x3A, HeaderCount = 0x3C;     // fields of the file's header
    const uint NeedSection = 0x6FFFFFFE;                                        // SHT_GNU_verneed
    const ushort Weak = 2;                                                      // VER_FLG_WEAK

    /// <summary>Marks every need of this version as weak, in the file's bytes.</summary>
    /// <returns>How many there were.</returns>
    public static int Weaken(Span<byte> file, string version)
    {
        int headers = (int)BinaryPrimitives.ReadInt64LittleEndian(file[SectionHeaders..]);
        int size = Short(file, HeaderSize), count = Short(file, HeaderCount), weakened = 0;
        for (int i = 0; i < count; i++)
        {
            SectionHeader section = Section(file, headers + i * size);
            if (section.Type != NeedSection) continue;
            SectionHeader strings = Section(file, headers + (int)section.Link * size);
            weakened += Weaken(file, (int)section.Offset, (int)section.Count, (int)strings.Offset, version);
        }
        return weakened;
    }

    // Verneed { ushort version, count; uint file, aux, next }, whose Vernaux { uint hash; ushort flags, other; uint name, next } follow.
    static int Weaken(Span<byte> file, int need, int needs, int strings, string version)
    {
        int weakened = 0;
        for (; needs > 0; needs--, need += (int)Int(file, need + 12))
        {
            int aux = need + (int)Int(file, need + 8);
            for (int left = Short(file, need + 2); left > 0; left--, aux += (int)Int(file, aux + 12))
            {
                if (Text(file, strings + (int)Int(file, aux + 8)) != version) continue;
                BinaryPrimitives.WriteUInt16LittleEndian(file[(aux + 4)..], (ushort)(Short(file, aux + 4) | Weak));
                weakened++;
            }
        }
        return weakened;
    }

    static SectionHeader Section(ReadOnlySpan<byte> file, int at) => MemoryMarshal.Read<SectionHeader>(file[at..]);

    static ushort Short(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file[at..]);

    static uint Int(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);

    static string Text(ReadOnlySpan<byte> file, int at) => Encoding.ASCII.GetString(file.Slice(at, file[at..].IndexOf((byte)0)));

    [StructLayout(LayoutKind.Sequential)]
    readonly struct SectionHeader
    {
        public readonly uint Name, Type;
        public readonly ulong Flags, Address, Offset, Size;
        public readonly uint Link, Count;       // Count: sh_info, here the number of libraries needed
        public readonly ulong Alignment, EntrySize;
    }
}
