namespace Brownian.Tensors;

/// <summary>
/// Rows of numbers that the host makes of one number for each sample, such as the sines of its timestep. A formula rather than numbers, so that a
/// device that writes a network down instead of running it knows where they come from.
/// </summary>
/// <param name="Count">The numbers of a row.</param>
public abstract record HostFeatures(int Count)
{
    /// <summary>The rows of N numbers: N·<see cref="Count"/>, one row after the other. What they held before is overwritten.</summary>
    /// <param name="of">One number for each sample.</param>
    /// <param name="rows">Where the rows go.</param>
    /// <exception cref="ArgumentException">There are no such features of a number.</exception>
    public abstract void Write(ReadOnlySpan<float> of, Span<float> rows);

    /// <summary>The features of N numbers on a device, N×<see cref="Count"/>.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public Tensor Of(ReadOnlySpan<float> numbers, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.FeaturesOf(this, numbers);
    }
}
