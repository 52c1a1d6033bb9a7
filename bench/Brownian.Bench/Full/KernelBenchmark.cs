using BenchmarkDotNet.Attributes;
using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>The one benchmark: the case is its parameter. Public and open, because BenchmarkDotNet derives from it.</summary>
public class KernelBenchmark
{
    Device? _device;
    Action _run = () => { };

    /// <summary>What is measured.</summary>
    public BenchCase? Case { get; set; }

    /// <summary>How many threads compute.</summary>
    public int Threads { get; set; }

    /// <summary>
    /// Draws the inputs and warms up: BenchmarkDotNet derives the runs per iteration from its first one, which would be compiled in haste.
    /// </summary>
    public void Prepare()
    {
        _device = Device.Cpu(Threads);
        _run = Case!.On(_device);
        Timing.WarmUp(_run);
    }

    /// <summary>One run.</summary>
    [Benchmark]
    public void Run() => _run();

    /// <summary>Frees threads and memory.</summary>
    public void Release()
    {
        _device?.Dispose();
        (_device, _run) = (null, () => { });
    }
}
