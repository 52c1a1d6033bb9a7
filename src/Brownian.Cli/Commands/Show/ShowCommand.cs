using System.CommandLine;
using Brownian.Imaging;

namespace Brownian.Cli;

/// <summary><c>brownian show</c></summary>
sealed class ShowCommand : Command
{
    public ShowCommand(Terminal terminal, CancellationToken cancel) : base("show",
        "Draw data, noise, schedules, losses and sampling as PNG, JPEG, WebP, animated PNG, GIF or MP4.\nExample: brownian show forward --image 0-3")
    {
        Add(new ShowDataCommand(terminal, cancel));
        Add(new ShowForwardCommand(terminal, cancel));
        Add(new ShowReverseCommand(terminal, cancel));
        Add(new ShowScheduleCommand(terminal, cancel));
        Add(new ShowTimeEmbeddingCommand(terminal, cancel));
        Add(new ShowLossCommand(terminal, cancel));
    }

    public static Option<string?> Picture() => OptionOf.Text("--out", "FILE", "The file to write: .png, .jpg or .webp. Default: a new .png in pictures/");

    public static Option<string?> PictureOrAnimation() =>
        OptionOf.Text("--out", "FILE", "The file to write: .png, .jpg or .webp for a picture; .png, .gif or .mp4 for an animation. Default: a new .png in pictures/");

    public static Option<string?> Chart() => OptionOf.Text("--out", "FILE", "The file to write: .png, .jpg or .webp, or .svg for a drawing. Default: a new .png in pictures/");

    public static Option<int?> Scale() => OptionOf.Number("--scale", 1, $"Pixels to a unit, up to {Drawing.MaxScale}. Default: 2");

    public static Option<int?> PixelScale() => OptionOf.Number(
        "--scale", 1, SheetOptions.MostScale, $"Enlarge each pixel of an image to a square of N×N pixels; 1 for none. Default: pictures of about {ImageGrid.UsualSide} pixels");

    public static Option<bool> Animate() => OptionOf.Flag("--animate", "Write an animation instead of a strip.");

    public static Option<bool> Force() => OptionOf.Flag("--force", "Overwrite an existing file.");

    /// <summary>Says where the picture is, and what could be done next.</summary>
    public static int Conclude(Terminal terminal, string path, params string[] next)
    {
        terminal.Out.WriteLine($"picture {Phrases.Relative(path)}");
        terminal.Out.WriteLine($"next    {Invocation.Of(next)}");
        return ExitCode.Success;
    }
}
