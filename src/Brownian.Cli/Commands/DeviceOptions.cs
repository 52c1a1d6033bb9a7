using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>The options that say what computes.</summary>
sealed class DeviceOptions
{
    readonly Option<string?> _device = OptionOf.Device();
    readonly Option<int?> _threads = OptionOf.Threads();

    public Option[] All => [_device, _threads];

    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads);

    /// <param name="parsed">What was typed.</param>
    /// <param name="threads">Those of the processor where nothing was; 0 for one per physical core.</param>
    public Device Open(ParseResult parsed, int threads = 0) => Open(parsed.GetValue(_device), parsed.GetValue(_threads), threads);

    /// <param name="device">The value of <c>--device</c>, or null.</param>
    /// <param name="typed">The value of <c>--threads</c>, or null.</param>
    /// <param name="threads">Those of the processor where neither says how many.</param>
    public static Device Open(string? device, int? typed, int threads = 0)
    {
        if (device is null or "cpu") return Device.Cpu(typed ?? threads);
        // As --threads: more would only wait for each other.
        if (device.StartsWith("cpu:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(4), out int count) && count > Environment.ProcessorCount)
            throw new ArgumentException($"--device {device}: there are {Environment.ProcessorCount} logical processors here; give at most as many threads.");
        return typed is null ? Device.Open(device) : throw new ArgumentException($"--device {device} says how many threads there are; leave --threads out.");
    }
}
