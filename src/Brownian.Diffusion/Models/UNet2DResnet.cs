using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// What every resnet of one forward pass sees besides its input: the time embedding N×F after its activation, and dropout's numbers.
/// </summary>
readonly record struct UNet2DPass(Tensor Time, Philox? Dropout);

/// <summary>A resampling without weights.</summary>
enum Resampling
{
    None,
    Halve,
    Double,
    SmoothHalve,
    SmoothDouble,
}

static class Resamplings
{
    public static Tensor Apply(this Resampling resampling, Tensor x) => resampling switch
    {
        Resampling.Halve => x.AveragePool(2),
        Resampling.Double => x.UpsampleNearest(2),
        Resampling.SmoothHalve => x.BinomialHalve(),
        Resampling.SmoothDouble => x.BinomialDouble(),
        _ => x,
    };
}

/// <summary>The extents of one resnet and where it differs from the others of its network.</summary>
/// <param name="Inputs">Channels in.</param>
/// <param name="Outputs">Channels out.</param>
/// <param name="Site">A number that no other resnet of the network has, so that each drops out differently.</param>
readonly record struct ResnetPlan(int Inputs, int Outputs, int Site)
{
    /// <summary>What happens to the image between the first norm and the first convolution, and in the shortcut.</summary>
    public Resampling Resampling { get; init; }

    /// <summary>The groups of each norm are a quarter of its channels, 32 at most, whatever the options say.</summary>
    public bool QuarterGroups { get; init; }

    /// <summary>The shortcut has a convolution even where the channels stay.</summary>
    public bool ConvolvesShortcut { get; init; }

    /// <summary>The result is divided by this.</summary>
    public float Divisor { get; init; } = 1;

    public int GroupsOf(int channels, UNet2DOptions options) => QuarterGroups ? UNet2DOptions.QuarterGroups(channels) : options.NormNumGroups;
}

/// <summary>Two convolutions, the time embedding before the second, and a shortcut around them: diffusers' <c>ResnetBlock2D</c>.</summary>
sealed class UNet2DResnet
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly ResnetPlan _plan;
    readonly GroupNorm _norm1, _norm2;
    readonly Conv2d _conv1, _conv2;
    readonly Conv2d? _shortcut;
    readonly Linear _time;
    readonly float _dropout;
    readonly bool _modulates;
    readonly UNet2DActivation _activation;

    public UNet2DResnet(ParameterScope scope, ResnetPlan plan, UNet2DOptions options)
    {
        (_plan, _dropout, _activation) = (plan, (float)options.Dropout, options.Activation);
        _modulates = options.ResnetTimeScaleShift == UNet2DConditioning.ScaleShift;
        _norm1 = Norm("norm1", plan.Inputs);
        _conv1 = new Conv2d(scope.Under("conv1"), plan.Inputs, plan.Outputs, Same);
        _time = new Linear(scope.Under("time_emb_proj"), options.TimeFeatures, _modulates ? 2 * plan.Outputs : plan.Outputs);
        _norm2 = Norm("norm2", plan.Outputs);
        _conv2 = new Conv2d(scope.Under("conv2"), plan.Outputs, plan.Outputs, Same);
        if (plan.ConvolvesShortcut || plan.Inputs != plan.Outputs)
            _shortcut = new Conv2d(scope.Under("conv_shortcut"), plan.Inputs, plan.Outputs, Pointwise);

        GroupNorm Norm(string name, int channels) =>
            new(scope.Under(name), plan.GroupsOf(channels, options), channels, (float)options.NormEps, silu: _activation == UNet2DActivation.Silu);
    }

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="pass">What all resnets see.</param>
    /// <returns>N×H'×W'×outputs, H' and W' after resampling.</returns>
    public Tensor Forward(Tensor x, UNet2DPass pass)
    {
        Tensor time = _time.Forward(pass.Time);
        Tensor h = First(x, perSample: _modulates ? null : time);
        Tensor y = Second(h, Shortcut(x), modulation: _modulates ? time : null, pass.Dropout);
        return _plan.Divisor == 1 ? y : y.Scale(1 / _plan.Divisor);
    }

    Tensor Shortcut(Tensor x)
    {
        x = _plan.Resampling.Apply(x);
        return _shortcut is null ? x : _shortcut.Forward(x);
    }

    // Norm, SiLU and convolution are one operation where nothing comes between them.
    Tensor First(Tensor x, Tensor? perSample)
    {
        if (_activation == UNet2DActivation.Silu && _plan.Resampling == Resampling.None) return _conv1.Forward(_norm1, x, perSample);
        return _conv1.Forward(_plan.Resampling.Apply(Activated(_norm1.Forward(x))), perSample);
    }

    Tensor Second(Tensor h, Tensor shortcut, Tensor? modulation, Philox? dropout)
    {
        bool drops = dropout is not null && _dropout > 0;
        if (_activation == UNet2DActivation.Silu && !drops) return _conv2.Forward(_norm2, h, residual: shortcut, modulation: modulation);
        h = Activated(_norm2.Forward(h, modulation));
        if (drops) h = h.Dropout(_dropout, dropout!.Value.At((ulong)_plan.Site));
        return _conv2.Forward(h, residual: shortcut);
    }

    // The norm has applied a SiLU itself.
    Tensor Activated(Tensor normalized) => _activation == UNet2DActivation.Silu ? normalized : _activation.Of(normalized);
}
