using System.Runtime.Intrinsics;
using Brownian.Tensors;
using Brownian.Tensors.Cpu;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tests.Tensors;

/// <summary>One CPU device for each vector width and number of threads that a class of tests asks for.</summary>
public sealed class Devices : IDisposable
{
    readonly Dictionary<(SimdWidth, int), Device> _devices = [];

    /// <summary>The widths by name, for theories: every one of them works on every machine.</summary>
    internal static readonly string[] Widths = Enum.GetNames<SimdWidth>();

    internal Device this[SimdWidth width, int threads]
    {
        get
        {
            if (!_devices.TryGetValue((width, threads), out Device? device))
                _devices[(width, threads)] = device = CpuDevice.Create(threads, width);
            return device;
        }
    }

    internal Device this[string width, int threads] => this[Enum.Parse<SimdWidth>(width), threads];

    /// <summary>The device that users get.</summary>
    internal Device Default => this[Processor.Width, 1];

    /// <summary>
    /// Skips a case that would take minutes where no vector instructions exist at all: there each lane of a vector is a managed call.
    /// </summary>
    internal static void SkipIfTooSlow(string width, long work, long limit = 5_000_000) =>
        Assert.SkipWhen(
            !Vector128.IsHardwareAccelerated && width != nameof(SimdWidth.Scalar) && work > limit,
            $"{width} is emulated on this machine, and {work / 1e6:F1} million products are too slow for that; the scalar width ran them.");

    public void Dispose()
    {
        foreach (Device device in _devices.Values) device.Dispose();
    }
}
