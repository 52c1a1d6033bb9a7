using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Brownian.Cli;
using Brownian.Imaging;
using Brownian.Tensors.Cpu;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tests;

/// <summary>What only a process of its own shows: signals, the working folder, a disk that fills.</summary>
public sealed class ProcessTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_saves_and_the_printed_command_continues(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends Unix signals");
        Assert.SkipWhen(signal == "INT" && IgnoresInterrupts(), "was started in the background, where children inherit that Ctrl-C is ignored");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        using Process training = Start("train", "--config", _line.Config, "--steps", "100000", "--set", "train_params.sample_steps=0");
        using CancellationTokenRegistration end = patience.Token.Register(training.Kill);
        while (await training.StandardOutput.ReadLineAsync(patience.Token) is { } line && !line.Contains("% step", StringComparison.Ordinal))
        {
        }
        using (Process kill = Process.Start("kill", [$"-{signal}", $"{training.Id}"])) kill.WaitForExit();
        string output = await training.StandardOutput.ReadToEndAsync(patience.Token);
        string error = await training.StandardError.ReadToEndAsync(patience.Token);
        await training.WaitForExitAsync(patience.Token);
        Assert.Equal(("", signal == "TERM" ? ExitCode.Terminated : ExitCode.Interrupted), (error, training.ExitCode));
        Assert.EndsWith($"train --resume {Path.Combine("runs", "00001-tiny")}", output.TrimEnd(), StringComparison.Ordinal);

        string run = _line.At("runs", "00001-tiny");
        string saved = Assert.Single(Directory.EnumerateDirectories(Path.Combine(run, "checkpoints")).Select(path =>
            Path.GetFileName(path)).OrderDescending().Take(1));
        int step = int.Parse(saved["step-".Length..], System.Globalization.CultureInfo.InvariantCulture);
        CommandResult resumed = CommandLine.Run("train", "--resume", run, "--steps", $"{step + 2}");
        Assert.Equal(("", ExitCode.Success), (resumed.Error, resumed.Code));
        Assert.Equal(step + 2, File.ReadLines(Path.Combine(run, "metrics.jsonl")).Count());
    }

    [Fact]
    public async Task A_second_signal_ends_at_once_and_says_what_is_lost()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sends Unix signals");
        Assert.SkipWhen(IgnoresInterrupts(), "was started in the background, where children inherit that Ctrl-C is ignored");
        using Process training = Start("train", "--preset", "tutorial-mnist", "--data", "digits", "--set", "train_params.sample_steps=0");
        while (await training.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("% step", StringComparison.Ordinal))
        {
        }
        Interrupt();
        while (await training.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("another Ctrl-C", StringComparison.Ordinal))
        {
        }
        Interrupt();
        CommandResult result = await Finish(training);
        Assert.Equal(ExitCode.Interrupted, result.Code);
        Assert.Equal($"ended at once: no checkpoint was saved yet, so all steps are lost{Environment.NewLine}", result.Error);

        void Interrupt()
        {
            using Process kill = Process.Start("kill", ["-INT", $"{training.Id}"]);
            kill.WaitForExit();
        }
    }

    [Fact]
    public async Task The_newest_run_and_a_fresh_file_are_the_defaults_of_sample()
    {
        _line.TrainedRun();
        _line.TrainedRun("--name", "second");
        Directory.CreateDirectory(_line.At("runs", "00003-empty"));
        _line.Write("samples/00001.png", "mine");
        using Process sampling = Start("sample", "--count", "2");
        string output = await sampling.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(sampling.WaitForExit(Patience), "the process did not end");
        Assert.Equal(ExitCode.Success, sampling.ExitCode);
        Assert.Contains(Path.Combine("runs", "00002-second"), output, StringComparison.Ordinal);
        Assert.True(File.Exists(_line.At("samples", "00002.png")));
        Assert.Equal("mine", File.ReadAllText(_line.At("samples", "00001.png")));
    }

    [Fact]
    public async Task Pictures_need_neither_a_name_nor_a_run_to_be_given()
    {
        (await Show(Path.GetDirectoryName(Dotnet)!, "loss")).IsBadInput("runs/", "train one first");
        Assert.False(Directory.Exists(_line.At("pictures")));
        _line.TrainedRun();
        _line.Write("pictures/reverse-00001.png", "mine");
        foreach (string command in (string[])["reverse", "loss", "schedule"])
        {
            CommandResult result = await Show(Path.GetDirectoryName(Dotnet)!, command);
            Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
            string picture = Path.Combine("pictures", command == "reverse" ? "reverse-00002.png" : $"{command}-00001.png");
            Assert.Contains($"picture {picture}\n", result.Out, StringComparison.Ordinal);
            Assert.True(File.Exists(_line.At(picture)));
        }
        Assert.Equal("mine", File.ReadAllText(_line.At("pictures", "reverse-00001.png")));
    }

    [Fact]
    public async Task The_model_that_comes_with_the_program_is_sampled_where_there_is_no_run()
    {
        using Process sampling = Start("sample");
        CommandResult result = await Finish(sampling);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        Assert.Contains("model   digits, which comes with Brownian", result.Out, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^yours   .* train$", result.Out);
        Image grid = Png.Read(_line.At("samples", "00001.png"));
        Assert.Equal((10 * 86 + 2, 6 * 86 + 2), (grid.Width, grid.Height));       // each pixel a square of 3×3
        _line.TrainedRun();
        CommandResult named = CommandLine.Run("sample", "--model", "digits", "--class", "3", "--count", "2", "--out", _line.At("three.png"));
        Assert.Equal(("", ExitCode.Success), (named.Error, named.Code));
    }

    [Fact]
    public async Task A_model_of_the_program_that_is_missing_or_damaged_is_one_line()
    {
        string program = Path.GetDirectoryName(Program)!, copy = _line.At("program");
        foreach (string path in Directory.GetFiles(program, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(program, path);
            if (name.Contains("xunit", StringComparison.Ordinal) || !(name.StartsWith("models", StringComparison.Ordinal) || !name.Contains('/', StringComparison.Ordinal)))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(copy, name))!);
            File.Copy(path, Path.Combine(copy, name));
        }
        string weights = Path.Combine(copy, "models", "digits", "model.safetensors");
        byte[] whole = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, whole[..1000]);
        (await Sample()).IsBadInput("the model that comes with the program", "model.safetensors", "--model");
        File.Delete(weights);
        (await Sample()).IsBadInput("the model that comes with the program", "model.safetensors", "--model");
        Directory.Delete(Path.Combine(copy, "models"), recursive: true);
        (await Sample()).IsBadInput("the model that comes with the program", "no such folder", "--model");

        async Task<CommandResult> Sample()
        {
            using Process sampling = Process.Start(new ProcessStartInfo(Dotnet, [Path.Combine(copy, "brownian.dll"), "sample"])
            {
                WorkingDirectory = _line.Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            return await Finish(sampling);
        }
    }

    [Fact]
    public async Task A_native_library_that_is_missing_is_one_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "knows where Linux' libraries lie");
        string copy = _line.At("program"), natives = Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        Assert.SkipUnless(File.Exists(Path.Combine(natives, "libSkiaSharp.so")), "this system has no library of its own");
        Directory.CreateDirectory(copy);
        foreach (string path in Directory.GetFiles(AppContext.BaseDirectory))
        {
            if (!path.Contains("xunit", StringComparison.Ordinal)) File.Copy(path, Path.Combine(copy, Path.GetFileName(path)));
        }
        string library = Path.Combine(copy, "libSkiaSharp.so");
        File.WriteAllText(library, "no library");
        using Process drawing = Process.Start(new ProcessStartInfo(Dotnet, [Path.Combine(copy, "brownian.dll"), "show", "schedule"])
        {
            WorkingDirectory = _line.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        (await Finish(drawing)).IsBadInput("libSkiaSharp", "install or build Brownian again");
    }

    [Fact]
    public async Task Mp4_without_ffmpeg_is_one_line_that_says_what_does_without() =>
        (await Show(_line.Root, "forward", "--out", "a.mp4")).IsBadInput("a.mp4", "ffmpeg", ".gif or .png");

    async Task<CommandResult> Show(string path, params string[] args)
    {
        using Process show = Start(["show", .. args], [("PATH", path)]);
        return await Finish(show);
    }

    [Fact]
    public async Task The_memory_that_training_takes_is_told_beforehand()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads the peak of the process's memory from Linux");
        using Process training = Start(
            "train", "--steps", "10", "--set", "dataset_params.count=500", "--set", "train_params.sample_timesteps=6",
            "--set", "train_params.sample_steps=4", "--set", "train_params.checkpoint_steps=3", "--set", "train_params.num_samples=20");
        string output = await training.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(training.WaitForExit(Patience), "the process did not end");
        Match memory = Regex.Match(output, @"^memory  ([\d,]+) MB at most \(predicted ([\d,]+) MB\)$", RegexOptions.Multiline);
        Assert.True(memory.Success, output);
        double peak = Number(memory.Groups[1]), predicted = Number(memory.Groups[2]);
        Assert.InRange(predicted / peak, 0.85, 1.15);

        static double Number(Group text) => double.Parse(text.Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_full_disk_keeps_what_was_saved_before()
    {
        bool mayMount = OperatingSystem.IsLinux() && (await Shell("unshare -rm mount -t tmpfs none /mnt")).Code == 0;
        Assert.SkipUnless(mayMount, "needs leave to mount a small disk");
        string run = _line.TrainedRun(), disk = Directory.CreateDirectory(_line.At("disk")).FullName, after = _line.At("after");
        // Room for a part of the next checkpoint. The disk is seen by this shell alone, so it ends with a copy.
        CommandResult result = await Shell($"""
            unshare -rm bash -c '
            mount -t tmpfs -o size=$(( $(du -sk {run} | cut -f1) + 100 ))k none {disk} && cp -r {run} {disk}/run
            {Dotnet} {Program} train --resume {disk}/run --steps 9
            code=$?; cp -r {disk}/run {after}; exit $code'
            """);
        result.IsBadInput(Path.Combine(disk, "run", "checkpoints", "step-00000009"), "space");
        Assert.Equal(
            ["step-00000003", "step-00000006"],
            Directory.GetFileSystemEntries(Path.Combine(after, "checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in Directory.GetFiles(Path.Combine(run, "checkpoints"), "*", SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(after, Path.GetRelativePath(run, file))));
        Assert.Equal(ExitCode.Success, CommandLine.Run("train", "--resume", after).Code);
    }

    [Fact]
    public async Task The_fast_width_is_chosen_where_dotnet_advises_against_it()
    {
        Assert.SkipUnless(Processor.Has(SimdWidth.V512), "needs AVX-512");
        // What .NET itself assumes on processors that lower their frequency for wide vectors. Here they are faster even so.
        Assert.Equal("AVX-512", await Instructions("DOTNET_PreferredVectorBitWidth", "256"));
    }

    [Theory]
    [InlineData("avx512", nameof(SimdWidth.V512))]
    [InlineData("AVX2", nameof(SimdWidth.V256))]
    [InlineData("128", nameof(SimdWidth.V128))]
    [InlineData("scalar", nameof(SimdWidth.Scalar))]
    public async Task An_instruction_set_can_be_forced(string isa, string named)
    {
        SimdWidth width = Enum.Parse<SimdWidth>(named);
        Assert.SkipUnless(Processor.Has(width), $"this processor has no {isa}");
        Assert.Equal(CpuDevice.NameOf(width), await Instructions(Processor.Variable, isa));
    }

    [Fact]
    public async Task A_wrong_instruction_set_is_one_line()
    {
        (await Bench(Processor.Variable, "avx1024")).IsBadInput("BROWNIAN_ISA", "'avx1024'", "avx512, avx2, 128 or scalar");
        (await Bench(Processor.Variable, "avx512", ("DOTNET_EnableAVX512", "0"))).IsBadInput("BROWNIAN_ISA", "avx512", "does not have");
    }

    async Task<string> Instructions(string variable, string value)
    {
        CommandResult result = await Bench(variable, value);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return JsonDocument.Parse(result.Out).RootElement.GetProperty("isa").GetString()!;
    }

    async Task<CommandResult> Bench(string variable, string value, params (string, string?)[] others)
    {
        using Process bench = Start(
            ["bench", "forward", "--model-config", _line.Config, "--batch", "1", "--steps", "1", "--json"], [(variable, value), .. others]);
        return await Finish(bench);
    }

    /// <summary>A shell starts background jobs with SIGINT ignored, and a process keeps that across all it starts.</summary>
    static bool IgnoresInterrupts()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status)) return false;
        string mask = File.ReadLines(Status).First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (Convert.ToUInt64(mask, 16) & 2) != 0;       // bit n − 1 is signal n; SIGINT is 2
    }

    static async Task<CommandResult> Shell(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        return await Finish(shell);
    }

    static string Program => Path.Combine(AppContext.BaseDirectory, "brownian.dll");

    static string Dotnet => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    Process Start(params string[] args) => Start(args, []);

    Process Start(string[] args, (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(Dotnet, [Program, .. args])
        {
            WorkingDirectory = _line.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string? value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    static async Task<CommandResult> Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(process.WaitForExit(Patience), "the process did not end");
        return new CommandResult(process.ExitCode, await output, error);
    }
}
