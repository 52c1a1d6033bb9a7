namespace Brownian;

/// <summary>Drawing images with a model for programs that wait for them, or watch them appear.</summary>
public static class SamplingAsync
{
    /// <summary><see cref="ImageSampler.Sample"/> of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Which images, and how; null for 16 as the model was trained to.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step, and while another thread has the device.</param>
    /// <inheritdoc cref="ImageSampler.Sample" path="/exception"/>
    public static SampledImages Sample(
        this DiffusionModel model, SampleOptions? options = null, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default) =>
        new ImageSampler(model).Sample(options ?? new(), progress, cancel);

    /// <summary>
    /// The same on a thread of its own. Any number may draw from one model at once: they take turns step by step.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Which images, and how; null for 16 as the model was trained to.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step, and while another thread has the device.</param>
    /// <inheritdoc cref="ImageSampler.Sample" path="/exception"/>
    public static Task<SampledImages> SampleAsync(
        this DiffusionModel model, SampleOptions? options = null, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return OwnThread.Run(() => model.Sample(options, progress, cancel), cancel);
    }

    /// <summary>
    /// Draws images, and tells of each step as it is done; the last is <see cref="SamplingProgress.Finished"/>. Who stops reading stops it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Which images, and how; null for 16 as the model was trained to.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <inheritdoc cref="ImageSampler.Sample" path="/exception"/>
    public static IAsyncEnumerable<SamplingProgress> FollowSamplingAsync(this DiffusionModel model, SampleOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Reports.Of<SamplingProgress>(
            (progress, stop) => progress.Report(new SamplingProgress.Finished(model.Sample(options, new Steps(progress), stop))), cancel);
    }

    sealed class Steps(IProgress<SamplingProgress> to) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) => to.Report(new SamplingProgress.Stepped(value.Done, value.Count));
    }
}

/// <summary>What drawing images tells while it runs.</summary>
public abstract record SamplingProgress
{
    SamplingProgress() { }

    /// <summary>A step of a batch was done.</summary>
    /// <param name="Done">Steps done.</param>
    /// <param name="Count">Steps there are.</param>
    public sealed record Stepped(int Done, int Count) : SamplingProgress;

    /// <summary>All images are drawn.</summary>
    /// <param name="Images">The images.</param>
    public sealed record Finished(SampledImages Images) : SamplingProgress;
}
