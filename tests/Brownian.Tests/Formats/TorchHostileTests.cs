using System.Buffers.Binary;
using System.IO.Compression;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Pickles and zips made to exhaust memory, time or the stack, or to slip something past the checks.</summary>
public sealed class TorchHostileTests : IDisposable
{
    static readonly float[] Seven = [0, 1, 2, 3, 4, 5, 6];

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Refused(byte[] file) => TorchDamage.IsRefused(_folder.Write("bad.pth", file));

    string Refused(PickleBytes pickle) => Refused(pickle.Zip(storages: ("0", Seven)));

    [Theory]
    [InlineData("posix\nsystem")]
    [InlineData("builtins\neval")]
    [InlineData("torch\nload")]
    [InlineData("torch._utils\n_rebuild_qtensor")]
    [InlineData("numpy.core.multiarray\nscalar")]
    [InlineData("torch\nComplexFloatStorage")]
    public void A_file_of_nothing_but_other_names_is_refused(string name)
    {
        Assert.Contains(name.Replace('\n', '.'), Refused(new PickleBytes().Raw($"c{name}\n)R")), StringComparison.Ordinal);
        string[] parts = name.Split('\n');
        Assert.Contains(
            name.Replace('\n', '.'),
            Refused(new PickleBytes().Text(parts[0]).Text(parts[1]).Raw(0x93).Raw(")R")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("posix\nsystem")]
    [InlineData("os\nsystem")]
    [InlineData("builtins\neval")]
    [InlineData("__builtin__\nexecfile")]
    [InlineData("subprocess\nPopen")]
    [InlineData("importlib.util\nfind_spec")]
    [InlineData("torch._utils\n_rebuild_qtensor")]
    [InlineData("torch\nComplexFloatStorage")]
    public void What_would_run_programs_and_tensors_that_are_not_read_are_refused_beside_weights_too(string name) => Assert.Contains(
        name.Replace('\n', '.'),
        Refused(new PickleBytes().Raw("}").Text("a").Tensor("0", 7, 0, [7], [1]).Raw("s").Text("b").Raw($"c{name}\n)Rs")), StringComparison.Ordinal);

    [Theory]
    [InlineData("cargparse\nNamespace\n)\u0081}(K\u0001K\u0002ub")]                                    // NEWOBJ and its state
    [InlineData("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(N\u0089\u0088tR(K\u0003NtbNtR")]       // calls with calls as arguments
    [InlineData("ceasydict\nEasyDict\n)\u0081(K\u0001K\u0002u")]                                        // a dict of a class of its own
    [InlineData("cmy.lists\nMine\n)\u0081(K\u0001K\u0002e")]
    [InlineData("cenum\nKind\n(K\u0001tR")]
    [InlineData("cmodule\nThing\n)}\u0092}b")]                                                             // NEWOBJ_EX
    [InlineData("ccollections\nOrderedDict\n(cmodule\nThing\n)RtR")]
    [InlineData("ccollections\ndefaultdict\n(c__builtin__\nlist\ntR")]
    [InlineData("ctorch\nfloat32\n")]
    public void Objects_of_other_classes_are_passed_over(string opcodes)
    {
        byte[] file = new PickleBytes().Raw("}").Text("a").Tensor("0", 7, 0, [7], [1]).Raw("s").Text("b").Raw(opcodes).Raw("s")
            .Text("c").Tensor("0", 7, 2, [1], [1]).Raw("s").Zip(storages: ("0", Seven));
        using var torch = TorchFile.Read(_folder.Write("good.pth", file));
        Assert.Equal(["a", "c"], torch.Names);
        Assert.Equal(Seven, torch.ReadFloats("a"));
        Assert.Equal([2], torch.ReadFloats("c"));
    }

    [Fact]
    public void A_whole_network_that_was_pickled_is_named_with_what_to_do()
    {
        Assert.Contains("a whole object of models.unet.UNet, pickled", Refused(new PickleBytes().Raw("cmodels.unet\nUNet\n)\u0081}b")), StringComparison.Ordinal);
        // Python's own pickle, not torch.save's: EDM's networks, with their tensors as bytes inside.
        byte[] edm = new PickleBytes().Raw("}").Text("ema").Raw("ctorch_utils.persistence\n_reconstruct_persistent_obj\n(}tRs").Stop();
        string message = Refused(edm);
        Assert.Contains("EDM", message, StringComparison.Ordinal);
        Assert.Contains("state_dict()", message, StringComparison.Ordinal);
        byte[] large = [.. new PickleBytes().Raw("}").Text("ema").Raw("ctorch_utils.persistence\n_reconstruct_persistent_obj\n(B").Raw([0, 0, 0, 2]).Stop(), .. new byte[33 << 20]];
        Assert.Contains("EDM", Refused(large), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X\u007f\u007f\u007f\u007f")]     // a text of 2 GB
    [InlineData("B\u007f\u007f\u007f\u007f")]
    [InlineData("T\u007f\u007f\u007f\u007f")]
    [InlineData("R")]                              // nothing to call
    [InlineData(")R")]
    [InlineData("N)R")]
    [InlineData("NR")]
    [InlineData("t")]
    [InlineData("a")]
    [InlineData("Na")]
    [InlineData("NNs")]
    [InlineData("}(Nu")]
    [InlineData("(0")]
    [InlineData("N(b")]
    [InlineData("h\u0005")]
    [InlineData("i__main__\nx\n")]                 // INST, which makes an object of any class
    [InlineData("(cos\nx\no")]
    [InlineData("NQ")]
    [InlineData("I1\n")]
    [InlineData("")]
    public void A_broken_pickle_is_refused(string opcodes) => Refused(new PickleBytes().Raw(opcodes));

    [Fact]
    public void Lengths_beyond_the_file_allocate_nothing()
    {
        byte[] huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        foreach (byte op in (byte[])[0x8d, 0x8e, 0x96]) Assert.Contains("left", Refused(new PickleBytes().Raw(op).Raw(huge)), StringComparison.Ordinal);
        Assert.Contains("integer", Refused(new PickleBytes().Raw(0x8b, 0xff, 0xff, 0xff, 0x7f)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_memo_index_costs_nothing_by_itself()
    {
        byte[] file = new PickleBytes().Raw("}").Raw((byte)'r', 0xff, 0xff, 0xff, 0xff).Zip();
        Assert.Null(TorchDamage.TryRead(_folder.Write("good.pth", file)));
    }

    [Fact]
    public void Too_many_things_at_once_are_refused()
    {
        Assert.Contains("construction", Refused(new PickleBytes().Repeat(1_100_000, (byte)'(')), StringComparison.Ordinal);
        Assert.Contains("construction", Refused(new PickleBytes().Repeat(1_100_000, (byte)'N')), StringComparison.Ordinal);
        Assert.Contains("remembered", Refused(new PickleBytes().Raw("N").Repeat(1_100_000, 0x94)), StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_within_containers_are_bounded()
    {
        // A list of itself; ten lists of ten of the one before, thirty times; a hundred thousand lists, each in the next.
        Assert.Contains("deep", Refused(new PickleBytes().Raw("]q\0h\0a")), StringComparison.Ordinal);
        var laughs = new PickleBytes().Raw("]q\0");
        for (byte level = 0; level < 30; level++)
            laughs.Raw("](").Repeat(10, (byte)'h', level).Raw("e").Raw((byte)'q', (byte)(level + 1));
        Assert.Contains("listed", Refused(laughs), StringComparison.Ordinal);
        Assert.Contains("deep", Refused(new PickleBytes().Repeat(100_000, (byte)']').Repeat(99_999, (byte)'a')), StringComparison.Ordinal);
    }

    [Fact]
    public void One_list_made_into_many_dicts_is_bounded()
    {
        var pickle = new PickleBytes().Raw("ccollections\nOrderedDict\nq\0]q\u0001(").Raw("NN").Raw([0x86]).Raw("q\u0002")
            .Repeat(5000, (byte)'h', 2).Raw("e").Raw([0x85]).Raw("q\u0003]").Repeat(20_000, (byte)'h', 0, (byte)'h', 3, (byte)'R', (byte)'a');
        Assert.Contains("copies", Refused(pickle), StringComparison.Ordinal);
    }

    [Fact]
    public void Shapes_and_storages_must_fit_the_file()
    {
        Assert.Contains("needs 8", Refused(new PickleBytes().Tensor("0", 7, 0, [8], [1])), StringComparison.Ordinal);
        Assert.Contains("needs 8", Refused(new PickleBytes().Tensor("0", 7, 1, [2], [6])), StringComparison.Ordinal);
        Assert.Contains("impossible", Refused(new PickleBytes().Tensor("0", 7, -1, [2], [1])), StringComparison.Ordinal);
        Assert.Contains("impossible", Refused(new PickleBytes().Tensor("0", 7, 6, [2], [-1])), StringComparison.Ordinal);
        Assert.Contains("impossible", Refused(new PickleBytes().Tensor("0", 7, 0, [-1, 2], [1, 1])), StringComparison.Ordinal);
        Assert.Contains("impossible", Refused(new PickleBytes().Tensor("0", 7, 0, [1L << 40, 1L << 40], [0, 0])), StringComparison.Ordinal);
        Assert.Contains("needs", Refused(new PickleBytes().Tensor("0", 7, 0, [1L << 31, 1L << 31], [1L << 62, 1L << 62])), StringComparison.Ordinal);
        Assert.Contains("repeats", Refused(new PickleBytes().Tensor("0", 7, 0, [1L << 30], [0])), StringComparison.Ordinal);
        Assert.Contains("dimensions", Refused(new PickleBytes().Tensor("0", 7, 0, new long[65], new long[65])), StringComparison.Ordinal);
        Assert.Contains("strides", Refused(new PickleBytes().Tensor("0", 7, 0, [2], [1, 1])), StringComparison.Ordinal);
        Assert.Contains("has 28", Refused(new PickleBytes().Tensor("0", 1L << 40, 0, [2], [1])), StringComparison.Ordinal);
        Assert.Contains("elements", Refused(new PickleBytes().Tensor("0", long.MaxValue, 0, [2], [1])), StringComparison.Ordinal);
        Assert.Contains("no entry", Refused(new PickleBytes().Tensor("../0", 7, 0, [2], [1])), StringComparison.Ordinal);
        Assert.Contains("before that", Refused(new PickleBytes().Raw("(").Storage("0", 7).Storage("0", 7, "IntStorage").Raw("t")), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_tensors_of_one_name_are_refused() => Assert.Contains(
        "two tensors are named '1'",
        Refused(new PickleBytes().Raw("}(").Text("1").Tensor("0", 7, 0, [7], [1]).Raw("K\u0001").Tensor("0", 7, 0, [7], [1]).Raw("u")),
        StringComparison.Ordinal);

    [Fact]
    public void Views_of_any_stride_and_offset_are_read()
    {
        byte[] file = new PickleBytes().Raw("}(").Text("a").Tensor("0", 7, 1, [2, 3], [1, 2]).Text("b").Tensor("0", 7, 6, [], [])
            .Text("c").Tensor("0", 7, 3, [2, 2, 2], [0, 2, 1]).Text("d").Tensor("0", 7, 0, [3, 0], [1, 1]).Raw("u")
            .Zip(CompressionLevel.SmallestSize, ("0", Seven));
        using var torch = TorchFile.Read(_folder.Write("good.pth", file));
        Assert.Equal([1, 3, 5, 2, 4, 6], torch.ReadFloats("a"));
        Assert.Equal([6], torch.ReadFloats("b"));
        Assert.Equal([3, 4, 5, 6, 3, 4, 5, 6], torch.ReadFloats("c"));
        Assert.Empty(torch.ReadFloats("d"));
    }

    static byte[] Legacy(long first, long count, string machine = "}")
    {
        byte[] magic = new PickleBytes().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop();
        byte[] tensor = new PickleBytes().Raw("ctorch._utils\n_rebuild_tensor\n((").Text("storage").Raw("ctorch\nFloatStorage\n").Text("0")
            .Text("cpu").Long(7).Raw("(").Text("view").Long(first).Long(count).Raw("ttQ").Long(1).Longs(2).Longs(1).Raw("tR").Stop();
        byte[] floats = [.. Seven.SelectMany(BitConverter.GetBytes)];
        return
        [
            .. magic, .. new PickleBytes().Long(1001).Stop(), .. new PickleBytes().Raw(machine).Stop(),
            .. new PickleBytes().Raw("}").Text("a").Raw(tensor[2..^1]).Raw("s").Stop(),
            .. new PickleBytes().Raw("]").Text("0").Raw("a").Stop(), .. BitConverter.GetBytes(7L), .. floats,
        ];
    }

    [Fact]
    public void An_old_storage_may_be_a_stretch_of_another()
    {
        using var file = TorchFile.Read(_folder.Write("good.pth", Legacy(2, 3)));
        Assert.Equal([3, 4], file.ReadFloats("a"));
        Assert.Contains("takes elements 5 to 8", Refused(Legacy(5, 3)), StringComparison.Ordinal);
        Assert.Contains("takes elements", Refused(Legacy(long.MaxValue, long.MaxValue)), StringComparison.Ordinal);
        Assert.Contains("needs 3", Refused(Legacy(2, 2)), StringComparison.Ordinal);
        Assert.Contains("lowest byte first", Refused(Legacy(2, 3, "}X\r\0\0\0little_endian\u0089s")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_small_zip_does_not_become_a_large_array()
    {
        const int Count = 16 << 20;     // 64 MB of zeros in 64 KB
        byte[] file = new PickleBytes().Tensor("0", Count, 0, [4], [1]).Zip(CompressionLevel.SmallestSize, ("0", new float[Count]));
        Assert.InRange(file.Length, 1, 200_000);
        Assert.Contains("grow", Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_whose_sizes_lie_is_refused()
    {
        byte[] good = new PickleBytes().Tensor("0", 7, 0, [7], [1]).Zip(CompressionLevel.SmallestSize, ("0", Seven));
        int table = good.AsSpan().LastIndexOf("PK\u0001\u0002"u8), end = good.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        foreach ((int at, uint value) in ((int, uint)[])[
            (table + 20, 1 << 30), (table + 20, 3), (table + 24, 27), (table + 24, uint.MaxValue), (table + 42, 1), (table + 42, uint.MaxValue),
            (table + 10, 12), (table + 8, 1), (end + 12, 1 << 30), (end + 12, 10), (end + 16, 1 << 30), (end + 16, uint.MaxValue), (end, 0)])
        {
            byte[] bad = [.. good];
            BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(at), value);
            Refused(bad);
        }
        Assert.Null(TorchDamage.TryRead(_folder.Write("good.pth", good)));
    }

    [Fact]
    public void Random_damage_gives_numbers_or_InvalidDataException()
    {
        string[] names = ["checkpoint.pth", "checkpoint_legacy.pth", "views.pth", "views_legacy.pth", "protocol4.pth", "recompressed.pth", "dtypes.pth"];
        const int Each = 150;
        int refused = 0;
        var draw = new Philox(7, Philox.Stream("damage to pickles"));
        for (int n = 0; n < names.Length; n++)
        {
            byte[] good = File.ReadAllBytes(Fixtures.Golden($"formats/{names[n]}"));
            for (int i = 0; i < Each; i++)
            {
                string path = _folder.Write("damaged.pth", Damaged(good, draw.At((ulong)(n * Each + i))));
                if (TorchDamage.TryRead(path) is not null) refused++;
            }
        }
        Assert.InRange(refused, names.Length * Each / 4, names.Length * Each - 1);
    }

    // One to three of: another byte, a bit, a byte of 255, a cut, a doubled stretch.
    static byte[] Damaged(byte[] good, Philox draw)
    {
        var bytes = new List<byte>(good);
        int[] r = new int[13];
        draw.Integers(r, int.MaxValue);
        for (int step = 0; step <= r[12] % 3 && bytes.Count > 0; step++)
        {
            int at = r[4 * step] % bytes.Count, stretch = Math.Min(r[4 * step + 2] % 64, bytes.Count - at);
            switch (r[4 * step + 1] % 5)
            {
                case 0: bytes[at] = (byte)r[4 * step + 2]; break;
                case 1: bytes[at] ^= (byte)(1 << (r[4 * step + 2] % 8)); break;
                case 2: bytes[at] = 255; break;
                case 3: bytes.RemoveRange(at, stretch); break;
                default: bytes.InsertRange(at, bytes.GetRange(at, stretch)); break;
            }
        }
        return [.. bytes];
    }
}
