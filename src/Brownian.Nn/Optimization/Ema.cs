using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>An exponential moving average of a model's weights, which usually makes better images than the weights themselves.</summary>
public sealed class Ema
{
    readonly ParameterSet _parameters;
    readonly EmaOptions _options;

    /// <summary>Starts with a copy of the weights.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Ema(ParameterSet parameters, EmaOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_parameters, _options) = (parameters, options);
        Average = parameters.NewBuffer();
        Restart();
    }

    /// <summary>The averaged weights, laid out as <see cref="ParameterSet.Values"/>. Compute with them through <see cref="ParameterSet.Borrow"/>.</summary>
    public Tensor Average { get; }

    /// <summary>The updates made so far. Set when a run is resumed.</summary>
    public long Updates { get; set; }

    /// <summary>Makes the average a copy of the weights as they are now, for a training that starts from those of another model.</summary>
    public void Restart()
    {
        using DeviceTurn turn = Average.Device.TakeTurn();
        Average.Device.Affine(1, _parameters.Values, 0, null, Average, accumulate: false);
        Updates = 0;
    }

    /// <summary>
    /// average = decay·average + (1 − decay)·weights, to be called after each step of the optimiser. What is not trained is copied, as
    /// PyTorch's <c>AveragedModel</c> does: running statistics are averages already, and a count has none.
    /// </summary>
    public void Update()
    {
        Device device = Average.Device;
        using DeviceTurn turn = device.TakeTurn();
        Tensor average = _parameters.TrainedPart(Average), untrained = _parameters.UntrainedPart(Average), values = _parameters.Values;
        device.Lerp(average, _parameters.TrainedPart(values), (float)(1 - _options.DecayAt(++Updates)));
        device.Affine(1, _parameters.UntrainedPart(values), 0, null, untrained, accumulate: false);
    }
}
