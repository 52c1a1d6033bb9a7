using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using Brownian.Tensors.Autograd;
using Brownian.Tensors.Cpu;
using Brownian.Tensors.Tracing;

namespace Brownian.Tensors;

// What users and operations do with any device: open it by name, memory, the tape.
public abstract partial class Device
{
    static readonly ConcurrentDictionary<string, Func<string?, Device>> Opening = new(StringComparer.Ordinal) { ["cpu"] = OpenCpu };

    static readonly Lazy<Device> TheDefault = new(() => Open());

    long _order;

    /// <summary>What computes where nobody says what should: the processor, opened when it is first needed and never disposed.</summary>
    public static Device Default => TheDefault.Value;

    /// <summary>The kinds of devices that <see cref="Open"/> knows.</summary>
    public static IReadOnlyList<string> Kinds => [.. Opening.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Opens a device by name: <c>cpu</c>, or <c>cpu:4</c> for four threads; other kinds where an assembly has called
    /// <see cref="Register"/>. What follows the colon means what its kind says.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such kind, or it makes no sense of the rest.</exception>
    public static Device Open(string name = "cpu")
    {
        ArgumentNullException.ThrowIfNull(name);
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? name : name[..colon];
        return Opening.TryGetValue(kind, out Func<string?, Device>? open)
            ? open(colon < 0 ? null : name[(colon + 1)..])
            : throw new ArgumentException($"There is no device '{name}'; there is {string.Join(", ", Kinds)}.");
    }

    /// <summary>Makes a kind of device known to <see cref="Open"/>.</summary>
    /// <param name="kind">The name up to a colon, such as <c>cuda</c>.</param>
    /// <param name="open">Is given what follows the colon, or null.</param>
    /// <exception cref="ArgumentException">The kind is known already, or holds a colon.</exception>
    public static void Register(string kind, Func<string?, Device> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        ArgumentNullException.ThrowIfNull(open);
        if (kind.Contains(':', StringComparison.Ordinal)) throw new ArgumentException($"A kind of device cannot be called '{kind}': it ends at the colon.");
        if (!Opening.TryAdd(kind, open)) throw new ArgumentException($"There is a kind of device called '{kind}' already.");
    }

    /// <summary>
    /// The processor of this machine, with its fastest vector instructions; the environment variable <c>BROWNIAN_ISA</c> forces others
    /// (<c>avx512</c>, <c>avx2</c>, <c>128</c>, <c>scalar</c>). Results do not depend on them.
    /// </summary>
    /// <param name="threads">How many threads compute; 0 for one per physical core that the process may use.</param>
    /// <exception cref="ArgumentException">
    /// The number of threads makes no sense, or <c>BROWNIAN_ISA</c> names no instruction set or one that the processor lacks.
    /// </exception>
    public static Device Cpu(int threads = 0) => CpuDevice.Create(threads, Processor.Width);

    static Device OpenCpu(string? threads) => threads is null ? Cpu()
        : int.TryParse(threads, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 ? Cpu(count)
        : throw new ArgumentException($"There is no device 'cpu:{threads}'; give a number of threads after the colon, such as cpu:2.");

    /// <inheritdoc/>
    public void Dispose()
    {
        using DeviceTurn turn = TakeTurn();
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Features of one number for each sample, N×Count, computed on the host. A device that does not compute may write down their formula instead.</summary>
    /// <param name="features">The formula.</param>
    /// <param name="of">N numbers.</param>
    public virtual Tensor FeaturesOf(HostFeatures features, ReadOnlySpan<float> of)
    {
        ArgumentNullException.ThrowIfNull(features);
        var shape = Shape.Of(of.Length, features.Count);
        float[] rows = ArrayPool<float>.Shared.Rent(shape.Count);
        features.Write(of, rows.AsSpan(0, shape.Count));
        var tensor = Tensor.From(rows.AsSpan(0, shape.Count), shape, this);
        ArrayPool<float>.Shared.Return(rows);
        return tensor;
    }

    internal Tape Tape { get; } = new();

    /// <summary>Who is told of the operations that run; see <see cref="PlannedForward{T}"/>.</summary>
    internal IPassObserver? Pass { get; set; }

    internal long NextOrder() => ++_order;

    internal Storage Rent(int floats)
    {
        using DeviceTurn turn = TakeTurn();
        TensorScope? scope = Innermost;
        Storage storage = Allocate(floats, scoped: scope is not null);
        scope?.Own(storage);
        return storage;
    }
}
