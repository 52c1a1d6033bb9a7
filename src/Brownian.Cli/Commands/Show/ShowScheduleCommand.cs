using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian show schedule</c></summary>
sealed class ShowScheduleCommand : AppCommand
{
    const int MaxTimesteps = 1_000_000;

    static readonly string[] Usual = ["linear", "cosine", "sigmoid"];

    readonly Option<string?> _schedules = OptionOf.Text("--schedules", "NAME,NAME", $"Schedules to compare. Default: {string.Join(',', Usual)}");
    readonly Option<int?> _timesteps = OptionOf.Number("--timesteps", 1, "Number of timesteps T. Default: 1000");
    readonly Option<string?> _out = ShowCommand.Chart();
    readonly Option<int?> _scale = ShowCommand.Scale();
    readonly Option<bool> _force = ShowCommand.Force();

    public ShowScheduleCommand(Terminal terminal, CancellationToken cancel) : base("schedule",
        $"Compare noise schedules: {string.Join(", ", Names.All(typeof(BetaSchedule)).Concat(Names.AliasesOf(typeof(BetaSchedule))).Where(name => name != "custom"))}.\nExample: brownian show schedule --schedules linear,cosine", terminal, cancel)
    {
        Add([_schedules, _timesteps, _out, _scale, _force]);
    }

    protected override int Run(ParseResult parsed)
    {
        PictureTarget target = PictureTarget.Chart("schedule", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_scale));
        string[] names = parsed.GetValue(_schedules)?.Split(',', StringSplitOptions.TrimEntries) ?? Usual;
        int timesteps = parsed.GetValue(_timesteps) ?? 1000;
        if (timesteps > MaxTimesteps) throw new ArgumentException($"--timesteps {timesteps}: give {MaxTimesteps} or fewer.");
        KeyValuePair<string, NoiseSchedule>[] schedules =
            [.. names.Distinct().Select(name => KeyValuePair.Create(name, NoiseSchedule.Of(Names.Named<BetaSchedule>(name, "noise schedule"), timesteps)))];
        _terminal.Out.WriteLine($"drawing {string.Join(", ", names.Distinct())} over {Phrases.Count(timesteps, "timestep")}");
        string written = target.Write(SchedulePicture.ToDrawing(schedules));
        // What train begins with scales its betas, which is for a linear schedule alone.
        return ShowCommand.Conclude(
            _terminal, written, "train", "--set", "diffusion_params.process=ddpm", "--set", "diffusion_params.beta_schedule=cosine");
    }
}
