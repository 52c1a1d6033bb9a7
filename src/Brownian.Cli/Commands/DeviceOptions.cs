using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>The options that say what computes.</summary>
sealed class DeviceOptions
{
    readonly Option<string?> _device = OptionOf.Device();
    readonly Option<int?> _threads = OptionOf.Threads();

    public Option[] All => [_device, _threads];

    /// <summary>What was typed, but no more than there are logical processors: more would only wait for each other.</summary>
    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads) is { } typed ? Math.Min(typed, Environment.ProcessorCount) : null;

    /// <param name="parsed">What was typed.</param>
    /// <param name="terminal">Told where fewer threads compute than were typed.</param>
    /// <param name="threads">Those of the processor where nothing was typed; 0 for one per physical core.</param>
    public Device Open(ParseResult parsed, Terminal terminal, int threads = 0)
    {
        (string? device, int? typed) = (parsed.GetValue(_device), parsed.GetValue(_threads));
        if (device is not null && device.StartsWith("cpu:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(4), out int named) && named > 0)
        {
            if (typed is not null) throw new ArgumentException($"--device {device} says how many threads there are; leave --threads out.");
            (device, typed) = ("cpu", named);
        }
        int most = Environment.ProcessorCount;
        if (typed > most) terminal.Warn($"{typed} threads were asked for; {most} compute{(most == 1 ? "s" : "")}, as this machine has {Phrases.Count(most, "logical processor")}.");
        return Open(device, typed is { } count ? Math.Min(count, most) : null, threads);
    }

    /// <param name="device">The value of <c>--device</c>, or null.</param>
    /// <param name="typed">The value of <c>--threads</c>, or null.</param>
    /// <param name="threads">Those of the processor where neither says how many.</param>
    public static Device Open(string? device, int? typed, int threads = 0)
    {
        if (device is null or "cpu") return Device.Cpu(typed ?? threads);
        return typed is null ? Device.Open(device) : throw new ArgumentException($"--device {device} says how many threads there are; leave --threads out.");
    }
}
