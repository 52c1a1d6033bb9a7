namespace Brownian.Training;

/// <summary>A loss or gradient was not finite. The weights were not updated with it; the last good checkpoint is as it was.</summary>
public sealed class TrainingDivergedException : Exception
{
    internal TrainingDivergedException(long step, string tensor, string message) : base(message) => (Step, Tensor) = (step, tensor);

    /// <summary>The step that was being computed, from 1.</summary>
    public long Step { get; }

    /// <summary>The first tensor that is not finite: "loss", the name of a parameter, or that with ".grad" appended.</summary>
    public string Tensor { get; }
}
