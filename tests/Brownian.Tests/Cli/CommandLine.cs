using Brownian.Cli;

namespace Brownian.Tests;

/// <summary>Runs commands in this process, with a folder of their own and a configuration small enough for a test.</summary>
sealed class CommandLine : IDisposable
{
    public const string TinyYaml = """
        dataset_params:
          count: 20
        diffusion_params:
          num_timesteps: 10
          beta_end: 0.3
        model_params:
          im_size: 8
          down_channels: [8, 16]
          mid_channels: [16, 8]
          down_sample: [true]
          time_emb_dim: 8
          num_down_layers: 1
          num_mid_layers: 1
          num_up_layers: 1
        train_params:
          task_name: tiny
          batch_size: 4
          num_steps: 6
          num_samples: 4
          num_grid_rows: 2
          sample_epochs: 0
          sample_steps: 3
          checkpoint_steps: 3
          threads: 1
        """;

    readonly ScratchFolder _folder = new();

    public CommandLine() => File.WriteAllText(Config, TinyYaml);

    public string Root => _folder.Root;

    public string Config => At("tiny.yaml");

    public string At(params ReadOnlySpan<string> names) => Path.Combine([_folder.Root, .. names]);

    public string Write(string name, byte[] content) => _folder.Write(name, content);

    public string Write(string name, string content) => _folder.Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    public static CommandResult Run(params string[] args) => Run(args, new StringWriter(), CancellationToken.None);

    public static CommandResult Run(string[] args, TextWriter output, CancellationToken cancel)
    {
        var error = new StringWriter();
        int code = App.Run(args, new Terminal(output, error), cancel);
        return new CommandResult(code, output.ToString()!, error.ToString());
    }

    /// <summary>Trains, and returns the run's folder.</summary>
    public string TrainedRun(params string[] options)
    {
        CommandResult result = Run(["train", "--config", Config, "--runs", At("runs"), .. options]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return Directory.EnumerateDirectories(At("runs")).Max(StringComparer.Ordinal)!;
    }

    public void Dispose() => _folder.Dispose();
}

sealed record CommandResult(int Code, string Out, string Error)
{
    /// <summary>Exit code 1 and exactly one line, which names everything expected.</summary>
    public void IsBadInput(params string[] named)
    {
        Assert.Equal(ExitCode.BadInput, Code);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain(" at Brownian", line, StringComparison.Ordinal);
        foreach (string name in named) Assert.Contains(name, line, StringComparison.Ordinal);
    }
}
