using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian data</c></summary>
sealed class DataCommand : Command
{
    public DataCommand(Terminal terminal, CancellationToken cancel) : base("data", "Inspect a data set.\nExample: brownian data inspect photos")
    {
        Add(new InspectCommand(terminal, cancel));
        Add(new GridCommand(terminal, cancel));
    }

    /// <summary>What a path of images may be, for help.</summary>
    public const string Places =
        "A folder, zip or tar of images; IDX, CIFAR, .npy, .npz, CSV or Parquet files, or a folder of them.";

    static Argument<string> PathArgument(bool optional) => new("PATH")
    {
        Description = Places + (optional ? " Or digits" : " Or digits."),
        Arity = optional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        DefaultValueFactory = optional ? _ => DrawnDigits.Name : null,
    };

    /// <summary><c>brownian data inspect</c></summary>
    sealed class InspectCommand : AppCommand
    {
        const int Listed = 10;

        readonly Argument<string> _path = PathArgument(optional: false);
        readonly SourceChoice _source = new();

        public InspectCommand(Terminal terminal, CancellationToken cancel)
            : base("inspect", "Count image sizes, colour modes, classes, duplicates and broken files.\nExample: brownian data inspect photos", terminal, cancel)
        {
            Add(_path);
            Add(_source.All);
        }

        protected override int Run(ParseResult parsed)
        {
            string path = parsed.GetValue(_path)!;
            DatasetInspection found = _terminal.TrackReading(progress => DatasetInspection.Of(path, _source.Of(parsed), progress, _cancel));
            TextWriter to = _terminal.Out;
            to.WriteLine($"data    {found.Title}");
            to.WriteLine($"images  {Phrases.Count(found.Count)}");
            if (found.Sizes.Count > 0)
            {
                to.WriteLine($"sizes   {Counts(found.Sizes)}");
                if (found.Formats.Count > 0) to.WriteLine($"files   {Counts(found.Formats)}");
                to.WriteLine($"modes   {Counts(found.Modes)}{Colors(found)}");
                if (found.DeepRange is { } range) to.WriteLine($"depth   16 bits, values {Phrases.Count(range.Least)} to {Phrases.Count(range.Most)}: dataset_params.bit_depth=16 keeps them{(range.Most - range.Least < short.MaxValue ? ", value_range=set scales by these" : "")}");
                if (found.Transparent > 0) to.WriteLine($"alpha   {Phrases.Count(found.Transparent)} with transparent pixels: laid on dataset_params.background, white, unless the network learns 4 channels");
            }
            to.WriteLine($"classes {Classes(found)}");
            to.WriteLine($"copies  {Copies(found)}");
            foreach (IReadOnlyList<string> same in found.Duplicates.Take(Listed)) to.WriteLine($"        {string.Join(" = ", same.Take(Listed))}");
            to.WriteLine($"broken  {(found.Broken.Count == 0 ? "none" : Phrases.Count(found.Broken.Count))}");
            foreach (string problem in found.Broken.Take(Listed)) to.WriteLine($"        {problem}");
            foreach (string note in found.Notes) to.WriteLine($"note    {note}");
            to.WriteLine($"train   {Training(found)}");
            to.WriteLine($"next    {Invocation.Of(path == DrawnDigits.Name ? ["train"] : ["train", "--data", path, .. _source.AsOverrides(parsed)])}");
            return ExitCode.Success;
        }

        static string Classes(DatasetInspection found) =>
            found.Classes is [{ Key: "none" }] ? "none" : $"{found.Classes.Count(c => c.Key != "none")}: {Counts(found.Classes)}";

        static string Copies(DatasetInspection found)
        {
            int copies = found.Duplicates.Sum(same => same.Count - 1);
            return copies == 0 ? "none, by their decoded pixels" : $"{Phrases.Count(copies)} of other images, by their decoded pixels";
        }

        static string Counts(IReadOnlyList<KeyValuePair<string, int>> counts)
        {
            string listed = string.Join(", ", counts.Take(Listed).Select(pair => $"{pair.Key} {Phrases.Count(pair.Value)}"));
            return counts.Count <= Listed ? listed : $"{listed}, and {Phrases.Count(counts.Count - Listed)} more";
        }

        static string Training(DatasetInspection found) =>
            "resized to cover the network's size (bicubic) and center-cropped, if sizes differ"
            + (found.MayBeMirrored ? "; random horizontal flips, as these are pictures in colour" : "; no flips")
            + (found.Broken.Count == 0 ? "" : "; broken images are skipped, or with --strict an error");

        static string Colors(DatasetInspection found)
        {
            int images = found.Count - found.Broken.Count;
            return found.Gray == images && found.Modes.Any(mode => mode.Key.StartsWith("RGB", StringComparison.Ordinal)) ? "; none shows a colour" : "";
        }
    }

    /// <summary><c>brownian data grid</c></summary>
    sealed class GridCommand : AppCommand
    {
        readonly Argument<string> _path = PathArgument(optional: true);
        readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "The picture: .png, .jpg or .webp. Default: the data set's name with -grid.png");
        readonly SourceChoice _source = new();
        readonly Option<int?> _count = OptionOf.Number("--count", 1, "Number of images, spread evenly over the data set. Default: 64");
        readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Images per row. Default: 8");
        readonly Option<int?> _scale = ShowCommand.PixelScale();
        readonly Option<bool> _force = ShowCommand.Force();

        public GridCommand(Terminal terminal, CancellationToken cancel) : base("grid", "Draw a contact sheet.\nExample: brownian data grid photos --count 100 --columns 10", terminal, cancel)
        {
            Add(_path);
            Add([_out, _count, _columns, _scale, .. _source.All, _force]);
        }

        protected override int Run(ParseResult parsed)
        {
            string path = parsed.GetValue(_path)!;
            PictureTarget target = PictureTarget.Still("grid", parsed.GetValue(_out) ?? $"{NameOf(path)}-grid.png", parsed.GetValue(_force));
            Image sheet = DataPicture.DrawEvenly(
                path, parsed.GetValue(_count) ?? 64, parsed.GetValue(_columns) ?? 8, _terminal.Warn, _source.Of(parsed), parsed.GetValue(_scale) ?? 0);
            string file = target.Write(sheet);
            _terminal.Out.WriteLine($"grid    {Phrases.Relative(file)}");
            _terminal.Out.WriteLine($"next    {Invocation.Of("data", "inspect", path)}");
            return ExitCode.Success;
        }

        static string NameOf(string path)
        {
            string name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            return name.Length == 0 ? "data" : name;
        }
    }
}

/// <summary>The options that say which images of a path are meant, and where their classes come from.</summary>
sealed class SourceChoice
{
    readonly Option<string?> _split = OptionOf.Choice(
        "--split", [.. Names.All(typeof(DataSplit))], "Part of a set that is kept in parts. Default: train");
    readonly Option<string?> _labels = OptionOf.Choice(
        "--labels", [.. Names.All(typeof(LabelSource))], "What says which class an image is of: a list beside the images or folders (auto), or the letters that file names begin with (prefix). Default: auto");

    public Option[] All => [_split, _labels];

    /// <summary>Whether either was given.</summary>
    public bool IsNamed(ParseResult parsed) => Array.Exists(All, option => parsed.GetResult(option) is { Implicit: false });

    public SourceOptions Of(ParseResult parsed) => new()
    {
        Split = parsed.GetValue(_split) is { } split ? Names.Named<DataSplit>(split, "split") : default,
        Labels = parsed.GetValue(_labels) is { } labels ? Names.Named<LabelSource>(labels, "source of labels") : default,
    };

    /// <summary>The same for <c>train</c>.</summary>
    public IEnumerable<string> AsOverrides(ParseResult parsed)
    {
        foreach ((Option<string?> option, string key) in ((Option<string?>, string)[])[(_split, "split"), (_labels, "labels")])
        {
            if (parsed.GetValue(option) is not { } value) continue;
            yield return "--set";
            yield return $"dataset_params.{key}={value}";
        }
    }
}
