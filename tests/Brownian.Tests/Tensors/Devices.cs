using System.Runtime.Intrinsics;
using Brownian.OtherDevice;
using Brownian.Tensors;
using Brownian.Tensors.Cpu;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tests.Tensors;

/// <summary>One device for each name and number of threads that a class of tests asks for.</summary>
public sealed class Devices : IDisposable
{
    static readonly Dictionary<string, Func<int, Device>> Openers = new()
    {
        [nameof(SimdWidth.Scalar)] = threads => CpuDevice.Create(threads, SimdWidth.Scalar),
        [nameof(SimdWidth.V128)] = threads => CpuDevice.Create(threads, SimdWidth.V128),
        [nameof(SimdWidth.V256)] = threads => CpuDevice.Create(threads, SimdWidth.V256),
        [nameof(SimdWidth.V512)] = threads => CpuDevice.Create(threads, SimdWidth.V512),
        ["Late"] = threads => new LateDevice(threads),
    };

    readonly Dictionary<(string, int), Device> _devices = [];

    /// <summary>All devices by name, for theories: a new one is a line above, and passes when DeviceConformanceTests do.</summary>
    internal static readonly string[] All = [.. Openers.Keys];

    /// <summary>Those of the processor by their vector width: every one of them works on every machine, and gives the same bits.</summary>
    internal static readonly string[] Widths = Enum.GetNames<SimdWidth>();

    internal Device this[string name, int threads]
    {
        get
        {
            if (!_devices.TryGetValue((name, threads), out Device? device)) _devices[(name, threads)] = device = Openers[name](threads);
            return device;
        }
    }

    /// <summary>The device that users get.</summary>
    internal Device Default => this[Processor.Width.ToString(), 1];

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
