using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Brownian.IO;

/// <summary>What kind of number an array of NumPy holds, by the letter of its <c>descr</c>.</summary>
public enum NpyKind
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool = 'b',

    /// <summary>Integers with a sign.</summary>
    Signed = 'i',

    /// <summary>Integers without one.</summary>
    Unsigned = 'u',

    /// <summary>IEEE floats of 2, 4 or 8 bytes.</summary>
    Float = 'f',
}

/// <summary>NumPy's format for one array (NumPy enhancement proposal 1, versions 1 to 3): what stands before its numbers.</summary>
/// <param name="Kind">Of its numbers.</param>
/// <param name="ItemBytes">Bytes of each.</param>
/// <param name="BigEndian">The highest byte comes first.</param>
/// <param name="FortranOrder">The first dimension runs fastest, instead of the last.</param>
/// <param name="Shape">One extent per dimension, each at least 0; none for a single number.</param>
/// <param name="DataStart">Bytes before the first number.</param>
public sealed record Npy(NpyKind Kind, int ItemBytes, bool BigEndian, bool FortranOrder, IReadOnlyList<long> Shape, int DataStart)
{
    const int MaxHeader = 1 << 16, MaxRank = 32, PrefixBytes = 8;

    static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <summary>How many numbers there are.</summary>
    public long Count => Shape.Aggregate(1L, (count, extent) => count * extent);

    /// <summary>The type as NumPy writes it: "&lt;f4".</summary>
    public string Type => $"{(ItemBytes == 1 ? '|' : BigEndian ? '>' : '<')}{(char)Kind}{ItemBytes}";

    /// <summary>The extents as people write them: "20×28×28×3".</summary>
    public string Extents => Shape.Count == 0 ? "a single number" : string.Join('×', Shape);

    /// <summary>True where data begins as this format does.</summary>
    /// <param name="start">The first bytes, at least six.</param>
    public static bool Begins(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>Reads what stands before the numbers of an array.</summary>
    /// <param name="content">Where it is, from the first byte of the format on.</param>
    /// <param name="name">What errors begin with.</param>
    /// <exception cref="InvalidDataException">It is damaged, of an unknown version, or no array of numbers.</exception>
    public static Npy Read(Stream content, string name)
    {
        ArgumentNullException.ThrowIfNull(content);
        Span<byte> prefix = stackalloc byte[PrefixBytes], length = stackalloc byte[4];
        Fill(content, prefix, name);
        if (!Begins(prefix)) throw Bad(name, "it does not begin as NumPy's format does");
        int version = prefix[6], lengthBytes = version == 1 ? 2 : 4;
        if (version is < 1 or > 3) throw Bad(name, $"version {version} of the format is unknown; known are 1 to 3");
        length.Clear();
        Fill(content, length[..lengthBytes], name);
        uint headerBytes = BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (headerBytes > MaxHeader) throw Bad(name, $"the header is said to take {headerBytes} bytes; it may take {MaxHeader}");
        byte[] text = new byte[headerBytes];
        Fill(content, text, name);
        return new Literal(Encoding.UTF8.GetString(text), name).Header(PrefixBytes + lengthBytes + (int)headerBytes);
    }

    /// <summary>Writes bytes as a C-ordered array of uint8 or uint16; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">Extents whose product is the number of numbers.</param>
    /// <param name="itemBytes">Bytes of a number, the low one first: 1 or 2.</param>
    /// <param name="images">The content, in pieces that follow one another.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<int> shape, int itemBytes, IEnumerable<byte[]> images, bool overwrite)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var file = new AtomicFile(path, overwrite);
        file.Stream.Write(Header(shape, itemBytes == 1 ? "|u1" : "<u2"));
        foreach (byte[] image in images) file.Stream.Write(image);
        file.Commit();
    }

    // Magic, version, length, then a Python dictionary padded with spaces so that the data begin at a multiple of 64.
    static byte[] Header(ReadOnlySpan<int> shape, string type)
    {
        string extents = string.Join(", ", shape.ToArray()) + (shape.Length == 1 ? "," : "");
        string text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({extents}), }}";
        int total = (10 + text.Length + 1 + 63) / 64 * 64;
        byte[] header = new byte[total];
        Magic.CopyTo(header);
        (header[6], header[7]) = (1, 0);
        int length = header.Length - 10;
        (header[8], header[9]) = ((byte)length, (byte)(length >> 8));
        header.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    static void Fill(Stream content, Span<byte> target, string name)
    {
        if (content.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length) throw Bad(name, "the header is cut off");
    }

    static InvalidDataException Bad(string name, string problem) => new($"{name}: {problem}; is it a NumPy array (numpy.save)?");

    /// <summary>The header's text: a dictionary of Python with three keys. Nothing else of Python is understood.</summary>
    ref struct Literal(string text, string name)
    {
        int _at;

        public Npy Header(int dataStart)
        {
            string? type = null;
            bool? fortran = null;
            long[]? shape = null;
            Expect('{');
            while (Next() != '}')
            {
                string key = Text();
                Expect(':');
                switch (key)
                {
                    case "descr" when Next() == '[': throw new InvalidDataException($"{name}: a table of several columns, not an array of numbers; save one column by itself.");
                    case "descr": type = Text(); break;
                    case "fortran_order": fortran = Truth(); break;
                    case "shape": shape = Extents(); break;
                    default: throw Bad(name, $"the header has a key {Quoted.Name(key)}, which the format has not");
                }
                if (Next() == ',') _at++;
            }
            if (type is null || fortran is null || shape is null) throw Bad(name, "the header lacks descr, fortran_order or shape");
            (NpyKind kind, int bytes, bool big) = Number(type);
            Int128 total = bytes;
            foreach (long extent in shape) total = total > long.MaxValue ? total : total * extent;
            if (total > long.MaxValue) throw Bad(name, $"a shape of {string.Join('×', shape)} is more than there can be");
            return new Npy(kind, bytes, big, fortran.Value, shape, dataStart);
        }

        readonly (NpyKind, int, bool) Number(string type)
        {
            if (type.Contains('O', StringComparison.Ordinal))
            {
                throw new InvalidDataException(
                    $"{name}: an array of Python's objects, which are pickled and not read; save it as numbers (array.astype('uint8')).");
            }
            bool known = type.Length is 3 && type[0] is '<' or '>' or '|' or '=' && type[1..] is
                "b1" or "u1" or "u2" or "u4" or "u8" or "i1" or "i2" or "i4" or "i8" or "f2" or "f4" or "f8";
            if (!known) throw new InvalidDataException($"{name}: the type {Quoted.Name(type)} is not read; integers, floats and bool are.");
            return ((NpyKind)type[1], type[2] - '0', type[0] == '>');
        }

        char Next()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
            return _at < text.Length ? text[_at] : throw Bad(name, "the header ends too early");
        }

        void Expect(char c)
        {
            if (Next() != c) throw Bad(name, $"the header has '{Printable(text[_at])}' where '{c}' is expected");
            _at++;
        }

        string Text()
        {
            char quote = Next();
            if (quote is not ('\'' or '"')) throw Bad(name, "the header lacks a text");
            int end = text.IndexOf(quote, _at + 1);
            if (end < 0) throw Bad(name, "a text in the header does not end");
            string found = text[(_at + 1)..end];
            _at = end + 1;
            return found;
        }

        bool Truth()
        {
            Next();
            foreach ((string word, bool value) in (ReadOnlySpan<(string, bool)>)[("True", true), ("False", false)])
            {
                if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)) continue;
                _at += word.Length;
                return value;
            }
            throw Bad(name, "fortran_order is neither True nor False");
        }

        long[] Extents()
        {
            var extents = new List<long>();
            Expect('(');
            while (Next() != ')')
            {
                int start = _at;
                while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
                if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long extent))
                    throw Bad(name, "the shape has something else than whole numbers");
                if (extents.Count == MaxRank) throw Bad(name, $"the shape has more than {MaxRank} dimensions");
                extents.Add(extent);
                if (_at < text.Length && text[_at] == 'L') _at++;      // long integers of Python 2
                if (Next() == ',') _at++;
            }
            _at++;
            return [.. extents];
        }

        static char Printable(char c) => char.IsControl(c) ? '?' : c;
    }
}
