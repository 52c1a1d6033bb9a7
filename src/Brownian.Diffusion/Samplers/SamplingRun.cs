using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>A step of a sampler: from one noise level to a lower one.</summary>
/// <param name="Index">The step of the loop, from 0.</param>
/// <param name="From">Where x is.</param>
/// <param name="To">Where the step leads.</param>
public readonly record struct LevelStep(int Index, NoiseLevel From, NoiseLevel To);

/// <summary>
/// One run of a <see cref="Sampler"/>: x, what the denoiser says about it, and noise. All memory of a step returns to the pool after it.
/// </summary>
public sealed class SamplingRun
{
    readonly Sampler _sampler;
    readonly IDenoiser _denoiser;
    readonly INoiseSource _noise;
    readonly CancellationToken _cancel;
    readonly Tensor _x;
    readonly Tensor? _estimate;
    Tensor? _x0;
    int _index;

    internal SamplingRun(Sampler sampler, IDenoiser denoiser, INoiseSource noise, CancellationToken cancel)
    {
        (_sampler, _denoiser, _noise, _cancel) = (sampler, denoiser, noise, cancel);
        using DeviceTurn turn = denoiser.Device.TakeTurn(cancel);
        _x = Tensor.Empty(denoiser.Images(noise.Images), denoiser.Device);
        _estimate = denoiser.SeesEstimates ? Tensor.Zeros(_x.Shape, denoiser.Device) : null;
    }

    internal Action<SampleStep>? OnStep { get; init; }

    internal IProgress<SampleProgress>? Progress { get; init; }

    /// <summary>The images in the making, N×H×W×C. Setting copies the numbers: the tensor itself stays the same for the whole run.</summary>
    public Tensor X
    {
        get => _x;
        set => _x.Assign(value);
    }

    /// <summary>The noise levels that the network was trained with.</summary>
    public INoiseProcess Process => _denoiser.Process;

    /// <summary>The schedule of timesteps that the network was trained with.</summary>
    /// <exception cref="ArgumentException">The network was trained with a continuum of levels.</exception>
    public NoiseSchedule Schedule => Process as NoiseSchedule ?? throw new ArgumentException(
        $"The sampler {SamplerType.NameOf(_sampler)} needs a network trained with a schedule of timesteps, not with a {Process.GetType().Name}; "
        + "use euler or heun.");

    /// <summary>The selected levels in the process's own coordinates, all of them with some image in them.</summary>
    public IReadOnlyList<NoiseLevel> OwnLevels(LevelSelection selection)
    {
        // ᾱ = 0 has λ = −∞: a level of almost no signal stands in for it, as in the process's straight coordinates.
        IReadOnlyList<NoiseLevel> levels = Process.Levels(selection);
        if (levels[0].Alpha > 0 || Process is not NoiseSchedule) return levels;
        NoiseLevel first = Process.Straight(levels[0]);
        return [first.Scaled(1 / Math.Sqrt(first.Power)), .. levels.Skip(1)];
    }

    /// <summary>The selected levels in the coordinates where the ODE runs straightest.</summary>
    public NoiseLevel[] StraightLevels(LevelSelection selection) => [.. Process.Levels(selection).Select(Process.Straight)];

    /// <summary>The selected levels with the image at its own scale, x = x_0 + σ·ε.</summary>
    /// <param name="selection">Which levels.</param>
    /// <exception cref="ArgumentException">The first level holds no image at all, so that σ would be infinite.</exception>
    public NoiseLevel[] UnitSignalLevels(LevelSelection selection)
    {
        NoiseLevel[] levels = StraightLevels(selection);
        if (levels[0].Alpha == 0)
        {
            throw new ArgumentException(
                $"The sampler {SamplerType.NameOf(_sampler)} cannot start from noise without any image, as a {Process.GetType().Name} does; "
                + "use euler, heun or dpmpp_2m.");
        }
        return Array.ConvertAll(levels, level => level.UnitSignal);
    }

    /// <summary>Fills x with noise at the first level, then takes the steps between the levels one by one, each in a memory scope and a turn of the device of its own.</summary>
    /// <param name="levels">At least two, from noise to image.</param>
    public IEnumerable<LevelStep> Along(IReadOnlyList<NoiseLevel> levels) =>
        Along([.. levels.Skip(1).Select((to, i) => new LevelStep(i, levels[i], to))]);

    /// <summary>The same where a step does not lead to where the next one starts.</summary>
    public IEnumerable<LevelStep> Along(LevelStep[] steps)
    {
        Start(steps[0].From);
        for (int i = 0; i < steps.Length; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            using (TensorScope scope = _denoiser.Device.OpenStep(_cancel))
            {
                (_index, _x0) = (i, null);
                yield return steps[i];
                if (OnStep is not null)
                {
                    scope.EndTurn();
                    OnStep(new SampleStep(i, steps.Length, steps[i].From, steps[i].To, _x, _x0 ?? _x));
                }
            }
            Progress?.Report(new SampleProgress(i + 1, steps.Length));
        }
    }

    /// <summary>What the denoiser says about <see cref="X"/>.</summary>
    /// <inheritdoc cref="Predict(Tensor, NoiseLevel, bool)"/>
    public Prediction Predict(NoiseLevel level, bool keepEps = false) => Predict(_x, level, keepEps);

    /// <summary>What the denoiser says, its x̂_0 limited.</summary>
    /// <param name="x">N×H×W×C, in the level's coordinates.</param>
    /// <param name="level">The level of x.</param>
    /// <param name="keepEps">Leave ε̂ as the network said; otherwise it is what remains of x without the limited x̂_0.</param>
    public Prediction Predict(Tensor x, NoiseLevel level, bool keepEps = false)
    {
        Prediction prediction = _denoiser.Predict(x, level, _estimate);
        _estimate?.Assign(SelfConditioning.Estimate(prediction.X0));
        if (_sampler.Limit != X0Limit.None)
        {
            Tensor x0 = _sampler.Limit.Apply(prediction.X0);
            Tensor eps = keepEps ? prediction.Eps : LinearCombination.Of((1 / level.Sigma, x), (-level.Alpha / level.Sigma, x0));
            prediction = prediction with { X0 = x0, Eps = eps };
        }
        _x0 ??= prediction.X0;
        return prediction;
    }

    /// <summary>Standard normal noise for the present step, N×H×W×C.</summary>
    /// <param name="draw">0 for the first noise of a step, 1 for the second.</param>
    public Tensor Noise(int draw = 0) => _noise.Step(_index, draw, _x.Shape, _x.Device);

    /// <summary>Room for the tensors of past steps, each as x. To be made before the first step.</summary>
    /// <param name="count">How many are kept.</param>
    public History Remember(int count)
    {
        using DeviceTurn turn = _x.Device.TakeTurn(_cancel);
        return new History(_x.Shape, _x.Device, count);
    }

    // Images of variance 1 have variance α² + σ² at this level: 1 for Ho et al., about σ² for Karras et al.
    void Start(NoiseLevel level)
    {
        using TensorScope scope = _denoiser.Device.OpenStep(_cancel);
        X = LinearCombination.Of((Math.Sqrt(level.Power), _noise.Start(_x.Shape, _x.Device)));
    }
}

/// <summary>One finished step of a sampler. The tensors are valid during the callback only: copy what must stay.</summary>
/// <param name="Index">The step of the loop, from 0.</param>
/// <param name="Count">The number of steps.</param>
/// <param name="From">The level where this step started.</param>
/// <param name="To">The level that this step reached, in whose coordinates <paramref name="X"/> is.</param>
/// <param name="X">x after this step, N×H×W×C: at the next step's level, or the finished images.</param>
/// <param name="X0">
/// x̂_0 as the step first saw it, N×H×W×C, after the sampler's limit: clamp it to [−1, 1] to show it if the sampler does not limit it.
/// </param>
public readonly record struct SampleStep(int Index, int Count, NoiseLevel From, NoiseLevel To, Tensor X, Tensor X0)
{
    /// <summary>t, where this step started.</summary>
    public double Timestep => From.Timestep;
}

/// <summary>How far a sampler is.</summary>
/// <param name="Done">Finished steps.</param>
/// <param name="Count">All steps.</param>
public readonly record struct SampleProgress(int Done, int Count);

/// <summary>The last few tensors of a multistep method, newest first, in memory of their own.</summary>
public sealed class History
{
    readonly Tensor[] _ring;
    int _pushed;

    internal History(Shape shape, Device device, int capacity)
    {
        _ring = new Tensor[capacity];
        for (int i = 0; i < capacity; i++) _ring[i] = Tensor.Empty(shape, device);
    }

    /// <summary>How many there are, at most the capacity.</summary>
    public int Count => Math.Min(_pushed, _ring.Length);

    /// <summary>One of them: 0 is the newest.</summary>
    public Tensor this[int age] => (uint)age < (uint)Count
        ? _ring[(_pushed - 1 - age) % _ring.Length]
        : throw new ArgumentOutOfRangeException(nameof(age), $"The history holds {Counted.Of(Count, "tensor")}; there is none of age {age}.");

    /// <summary>Copies a tensor in, over the oldest.</summary>
    public void Push(Tensor tensor) => _ring[_pushed++ % _ring.Length].Assign(tensor);
}
