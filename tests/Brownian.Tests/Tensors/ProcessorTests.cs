using Brownian.Tensors.Cpu;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tests.Tensors;

public sealed class ProcessorTests
{
    [Theory]
    [InlineData("0-1", "0;1", 2)]                                       // two cores
    [InlineData("0-3", "0,2;1,3;0,2;1,3", 2)]                           // two cores of two hyper-threads
    [InlineData("0,2", "0,2;1,3;0,2;1,3", 1)]                           // bound to the two hyper-threads of one of them
    [InlineData("0-5", "0-1;0-1;2-3;2-3;4;5", 4)]                       // two performance cores with hyper-threads, two efficiency cores
    [InlineData("\t1-2,5", "0-1;0-1;2-3;2-3;4-5;4-5", 3)]               // a part of a socket
    [InlineData("0-3", ";;;", 0)]                                       // a kernel that does not tell
    public void Hyper_threads_of_a_core_count_once(string allowed, string siblings, int cores)
    {
        string[] lists = siblings.Split(';');
        Assert.Equal(cores, Processor.CoresAmong(allowed, processor => lists[processor] is { Length: > 0 } list ? $"{list}\n" : null));
    }

    [Fact]
    public void There_is_at_least_one_core_and_at_most_one_per_logical_processor() =>
        Assert.InRange(Processor.Cores, 1, Environment.ProcessorCount);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Nothing_is_forced_by_an_empty_variable(string? value) => Assert.Null(Processor.Forced(value));

    [Fact]
    public void The_chosen_width_is_one_that_the_processor_has()
    {
        Assert.True(Processor.Has(Processor.Width));
        Assert.Equal(SimdWidth.Scalar, Processor.Forced(" Scalar "));
        Assert.Contains("'sse'", Assert.Throws<ArgumentException>(() => Processor.Forced("sse")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0.001f)]
    [InlineData(1, 0.001999f)]
    [InlineData(100_000, 1)]
    public void Chains_of_multiply_adds_do_what_they_say_at_every_width(int iterations, float each)
    {
        float[] sums =
        [
            MultiplyAddChains.Run<V1>(iterations), MultiplyAddChains.Run<V128>(iterations),
            MultiplyAddChains.Run<V256>(iterations), MultiplyAddChains.Run<V512>(iterations),
        ];
        Assert.All(sums, sum => Assert.Equal(sums[0], sum));
        Assert.Equal(MultiplyAddChains.Count * each, sums[0], 12 * each * 1e-4f);
    }
}
