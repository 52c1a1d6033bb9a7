using System.CommandLine;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian show time-embedding</c></summary>
sealed class ShowTimeEmbeddingCommand : AppCommand
{
    readonly Option<int?> _size = OptionOf.Number("--size", 2, "Embedding size. Default: 128");
    readonly Option<int?> _timesteps = OptionOf.Number("--timesteps", 1, "Number of timesteps T. Default: 1000");
    readonly Option<string?> _out = ShowCommand.Chart();
    readonly Option<int?> _scale = ShowCommand.Scale();
    readonly Option<bool> _force = ShowCommand.Force();

    public ShowTimeEmbeddingCommand(Terminal terminal, CancellationToken cancel) : base("time-embedding",
        "Draw the sinusoidal time embedding and the similarity of timesteps.\nExample: brownian show time-embedding --size 64", terminal, cancel)
    {
        Add([_size, _timesteps, _out, _scale, _force]);
    }

    protected override int Run(ParseResult parsed)
    {
        PictureTarget target = PictureTarget.Chart("time-embedding", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_scale));
        int size = parsed.GetValue(_size) ?? 128, timesteps = parsed.GetValue(_timesteps) ?? 1000;
        _terminal.Out.WriteLine($"drawing {Phrases.Count(timesteps, "timestep")} in {Phrases.Count(size, "feature")}");
        using Device device = Device.Open();
        string written = target.Write(TimeEmbeddingPicture.ToDrawing(new SinusoidalEmbedding(size), timesteps, device));
        return ShowCommand.Conclude(_terminal, written, "show", "schedule");
    }
}
