using System.CommandLine;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian data</c></summary>
sealed class DataCommand : Command
{
    public DataCommand(Terminal terminal, CancellationToken cancel) : base("data", "Inspect a data set.\nExample: brownian data inspect photos")
    {
        Add(new InspectCommand(terminal, cancel));
        Add(new GridCommand(terminal));
    }

    static Argument<string> PathArgument(bool optional) => new("PATH")
    {
        Description = "A folder or zip of images, a folder of zips, IDX files, CIFAR's binary files"
            + (optional ? ", or digits" : ", or digits."),
        Arity = optional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        DefaultValueFactory = optional ? _ => DrawnDigits.Name : null,
    };

    /// <summary><c>brownian data inspect</c></summary>
    sealed class InspectCommand : AppCommand
    {
        const int Listed = 10;

        readonly Argument<string> _path = PathArgument(optional: false);

        public InspectCommand(Terminal terminal, CancellationToken cancel)
            : base("inspect", "Count image sizes, color modes, classes, duplicates and broken files.\nExample: brownian data inspect photos", terminal, cancel)
        {
            Add(_path);
        }

        protected override int Run(ParseResult parsed)
        {
            string path = parsed.GetValue(_path)!;
            DatasetInspection found = _terminal.TrackReading(progress => DatasetInspection.Of(path, progress, _cancel));
            TextWriter to = _terminal.Out;
            to.WriteLine($"data    {found.Title}");
            to.WriteLine($"images  {Phrases.Count(found.Count)}");
            if (found.Sizes.Count > 0)
            {
                to.WriteLine($"sizes   {Counts(found.Sizes)}");
                to.WriteLine($"modes   {Counts(found.Modes)}");
            }
            to.WriteLine($"classes {Classes(found)}");
            to.WriteLine($"copies  {Copies(found)}");
            foreach (IReadOnlyList<string> same in found.Duplicates.Take(Listed)) to.WriteLine($"        {string.Join(" = ", same.Take(Listed))}");
            to.WriteLine($"broken  {(found.Broken.Count == 0 ? "none" : Phrases.Count(found.Broken.Count))}");
            foreach (string problem in found.Broken.Take(Listed)) to.WriteLine($"        {problem}");
            to.WriteLine($"train   {Training(found)}");
            to.WriteLine($"next    {Invocation.Of(Next(path, found))}");
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
            + (found.MayBeMirrored ? "; random horizontal flips, as these are color pictures" : "; no flips")
            + (found.Broken.Count == 0 ? "" : "; broken images are skipped, or with --strict an error");

        static string[] Next(string path, DatasetInspection found)
        {
            if (path == DrawnDigits.Name) return ["train"];
            if (!found.MayBeMirrored) return ["train", "--data", path];
            bool small = found.Sizes.Take(1).All(size => size.Key.Split('×').All(side => side.Length < 3 && int.Parse(side, null) <= 48));
            return ["train", "--preset", small ? "cifar10" : "flowers", "--data", path];
        }
    }

    /// <summary><c>brownian data grid</c></summary>
    sealed class GridCommand : AppCommand
    {
        readonly Argument<string> _path = PathArgument(optional: true);
        readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "The picture: .png, .jpg or .webp. Default: the data set's name with -grid.png");
        readonly Option<int?> _count = OptionOf.Number("--count", 1, "Number of images, spread evenly over the data set. Default: 64");
        readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Images per row. Default: 8");
        readonly Option<bool> _force = ShowCommand.Force();

        public GridCommand(Terminal terminal) : base("grid", "Draw a contact sheet.\nExample: brownian data grid photos --count 100 --columns 10", terminal)
        {
            Add(_path);
            Add([_out, _count, _columns, _force]);
        }

        protected override int Run(ParseResult parsed)
        {
            string path = parsed.GetValue(_path)!;
            PictureTarget target = PictureTarget.Still("grid", parsed.GetValue(_out) ?? $"{NameOf(path)}-grid.png", parsed.GetValue(_force));
            string file = target.Write(DataPicture.DrawEvenly(path, parsed.GetValue(_count) ?? 64, parsed.GetValue(_columns) ?? 8, _terminal.Warn));
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
