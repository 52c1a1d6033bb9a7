using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Every program of examples/ that is part of the solution, as its users run it, and the README's lines, which are one of them.</summary>
public sealed partial class ExamplesTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_readme_shows_the_first_steps()
    {
        string readme = File.ReadAllText(Path.Combine(Checkout.Root, "README.md")).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{Source("FirstSteps")}```", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guide_to_the_library_shows_lines_of_the_examples()
    {
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "library.md")).ReplaceLineEndings("\n");
        string examples = string.Concat(((string[])["FirstSteps", "TrainOnPictures", "ImageServer", "OwnNetwork"]).Select(Source));
        foreach (Match block in CodeBlock().Matches(page)) Assert.Contains(block.Groups[1].Value, examples, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_steps_train_and_sample()
    {
        string output = await Run("FirstSteps");
        Assert.Matches(@"^step 1 of 3: loss \d\.\d+\nstep 2 of 3.*\nstep 3 of 3", output);
        Image grid = Image.Load(_folder.Path("digits.png"));
        Assert.True(grid.Width >= 2 * 28);
        Assert.Equal("0-3", grid.Text["Seeds"]);
    }

    [Fact]
    public async Task Pictures_are_trained_on_and_a_run_goes_on()
    {
        for (int i = 0; i < 12; i++) new Image(16, 16, 3, Pixels(i)).Save(_folder.Path($"photo-{i}.png"));
        Directory.CreateDirectory(_folder.Path("photos"));
        foreach (string file in Directory.GetFiles(_folder.Root, "photo-*.png")) File.Move(file, Path.Combine(_folder.Path("photos"), Path.GetFileName(file)));
        string output = await Run("TrainOnPictures", "photos", "0.1");
        string run = _folder.Path(Path.Combine("runs", "00001-photos"));
        Assert.Contains($"training in {run}", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "sixteen.png")), output);
        Assert.Contains($"wrote {Path.Combine(run, "sixteen.png")}", await Run("TrainOnPictures", run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_and_images_of_ones_own_train()
    {
        string output = await Run("OwnNetwork", "disks.png", "50");
        Assert.Matches(@"step 50, loss \d\.\d+\nwrote disks\.png", output);
        Assert.True(Image.Load(_folder.Path("disks.png")).Width >= 6 * 16);
    }

    [Fact]
    public async Task The_server_draws_what_is_asked_for()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using Process server = Start("ImageServer", "--model", Path.Combine(Checkout.Root, "models", "digits"), "--urls", "http://127.0.0.1:0");
        try
        {
            string? line;
            do line = await server.StandardOutput.ReadLineAsync(cancel).AsTask().WaitAsync(Patience, cancel);
            while (line is not null && !Address().IsMatch(line));
            using var browser = new HttpClient { BaseAddress = new Uri(Address().Match(line ?? "").Value), Timeout = Patience };
            byte[] png = await browser.GetByteArrayAsync(new Uri("/image?seed=7&label=3&guidance=2", UriKind.Relative), cancel);
            Image image = ImageFile.Decode(png, "the answer");
            Assert.Equal((28, 28, "7", "3"), (image.Width, image.Height, image.Text["Seed"], image.Text["Class"]));
            using HttpResponseMessage refused = await browser.GetAsync(new Uri("/image?seed=7&label=13", UriKind.Relative), cancel);
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("no class 13", await refused.Content.ReadAsStringAsync(cancel), StringComparison.Ordinal);
            string events = await browser.GetStringAsync(new Uri("/progress?seed=7", UriKind.Relative), cancel);
            Assert.Contains("data: 1 of 8", events, StringComparison.Ordinal);
            Assert.EndsWith("data: done", events.TrimEnd(), StringComparison.Ordinal);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    static byte[] Pixels(int seed)
    {
        byte[] pixels = new byte[16 * 16 * 3];
        new Random(seed).NextBytes(pixels);
        return pixels;
    }

    static string Source(string example) => File.ReadAllText(Path.Combine(Checkout.Root, "examples", example, "Program.cs")).ReplaceLineEndings("\n");

    async Task<string> Run(string example, params string[] args)
    {
        using Process program = Start(example, args);
        Task<string> output = program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(program.WaitForExit(Patience), "the program did not end");
        Assert.Equal(("", 0), (error, program.ExitCode));
        return (await output).ReplaceLineEndings("\n");
    }

    Process Start(string example, params string[] args)
    {
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string program = Path.Combine(Checkout.Root, "artifacts", "bin", example, configuration, $"{example}.dll");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return Process.Start(new ProcessStartInfo(dotnet, [program, .. args])
        {
            WorkingDirectory = _folder.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    [GeneratedRegex(@"(?<=listening on: )http://\S+")]
    private static partial Regex Address();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
