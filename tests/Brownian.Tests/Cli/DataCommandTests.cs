using Brownian.Cli;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class DataCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public DataCommandTests()
    {
        for (int i = 0; i < 6; i++) _line.Write($"photos/{(i < 4 ? "cat" : "dog")}/{i}.png", Picture(i));
        _line.Write("photos/dog/copy.png", Picture(2));
        _line.Write("photos/dog/gray.png", Png.Encode(new Image(3, 3, 1)));
        _line.Write("photos/dog/torn.png", Picture(1)[..40]);
    }

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Inspect_counts_everything_and_says_what_training_would_do()
    {
        string photos = _line.At("photos");
        CommandResult result = CommandLine.Run("data", "inspect", photos);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        string[] lines = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data    photos (a folder of images)", lines[0]);
        Assert.Equal("images  9", lines[1]);
        Assert.Equal("sizes   12×8 7, 3×3 1", lines[2]);
        Assert.Equal("files   PNG 8", lines[3]);
        Assert.Equal("modes   RGB 7, gray 1", lines[4]);
        Assert.Equal("classes 2: cat 4, dog 5", lines[5]);
        Assert.Equal("copies  1 of other images, by their decoded pixels", lines[6]);
        Assert.Equal($"        {Path.Combine(photos, "cat/2.png")} = {Path.Combine(photos, "dog/copy.png")}", lines[7]);
        Assert.Equal("broken  1", lines[8]);
        Assert.StartsWith($"        {Path.Combine(photos, "dog/torn.png")}: ", lines[9], StringComparison.Ordinal);
        Assert.Contains("random horizontal flips", lines[10], StringComparison.Ordinal);
        Assert.EndsWith($"train --data {photos}", lines[11], StringComparison.Ordinal);
        CommandLine.Run("data", "inspect", _line.At("absent")).IsBadInput(_line.At("absent"));
    }

    [Fact]
    public void Grid_draws_a_contact_sheet_and_never_replaces_a_file()
    {
        string file = _line.At("sheet.png");
        CommandResult result = CommandLine.Run("data", "grid", _line.At("photos"), "--out", file, "--columns", "3", "--scale", "1");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("torn.png", result.Out, StringComparison.Ordinal);
        Image sheet = Png.Read(file);
        // Of unequal size: squares of 96 pixels, with the class below each.
        Assert.Equal((3 * 98, 3 * 120), (sheet.Width - 2 * ChartTheme.Edge + 2, sheet.Height - 2 * ChartTheme.Edge + 2));
        Assert.Equal(DataPicture.DrawEvenly(_line.At("photos"), 64, 3, scale: 1).Pixels, sheet.Pixels);
        byte[] before = File.ReadAllBytes(file);
        CommandLine.Run("data", "grid", "--out", file).IsBadInput(file, "exists");
        Assert.Equal(before, File.ReadAllBytes(file));

        string digits = _line.At("digits.png");
        Assert.Equal(ExitCode.Success, CommandLine.Run("data", "grid", "--out", digits, "--count", "5").Code);
        Assert.Equal(1, Png.Read(digits).Channels);
    }

    [Fact]
    public void Training_takes_images_of_any_size_by_their_path_and_says_what_it_makes_of_them()
    {
        string[] args = ["train", "--dry-run", "--config", _line.Config, "--data", _line.At("photos")];
        CommandResult result = CommandLine.Run(args);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("torn.png", result.Out, StringComparison.Ordinal);
        Assert.Contains("1 of 9 images cannot be used", result.Out, StringComparison.Ordinal);
        Assert.Contains("data    photos (a folder of images): 8 images, 8×8×1, 2 classes; from 3×3 to 12×8 by cover (bicubic), center crop", result.Out, StringComparison.Ordinal);
        Assert.Contains("augment horizontal flips, as these are pictures in colour", result.Out, StringComparison.Ordinal);
        CommandLine.Run([.. args, "--strict"]).IsBadInput("torn.png");
    }

    [Fact]
    public void A_preset_trains_on_images_by_their_path()
    {
        string quoted = _line.At("it's # mine");
        Directory.Move(_line.At("photos"), quoted);
        CommandResult result = CommandLine.Run(
            "train", "--dry-run", "--preset", "cifar10", "--data", quoted, "--set", "model_params.block_out_channels=[32,32,32]",
            "--set", "train_params.batch_size=2", "--steps", "2");
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("8 images, 32×32×3, 2 classes", result.Out, StringComparison.Ordinal);
    }

    static byte[] Picture(int number) =>
        Png.Encode(new Image(12, 8, 3, [.. Enumerable.Range(0, 288).Select(i => (byte)(i * (number + 1)))]));
}
