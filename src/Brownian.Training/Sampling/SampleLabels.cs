using System.Globalization;

namespace Brownian;

/// <summary>The classes of the images to be drawn from a model.</summary>
static class SampleLabels
{
    /// <summary>The class of each seed, by the seed alone; none for an unconditional model.</summary>
    /// <exception cref="ArgumentException">The model knows no classes, or not these.</exception>
    public static int[] Of(DiffusionModel model, IReadOnlyList<int>? wanted, ulong[] seeds)
    {
        if (model.Network.Classes == 0)
            return wanted is null ? [] : throw new ArgumentException("The model was trained without classes, so that none can be asked for.");
        if (wanted is { Count: 0 }) throw new ArgumentException("Sampling needs at least one class; there are none.");
        foreach (int label in wanted ?? [])
        {
            if ((uint)label >= (uint)model.Classes)
                throw new ArgumentException($"There is no class {label}; the model knows 0 to {model.Classes - 1}.");
        }
        IReadOnlyList<int> turns = wanted ?? [.. Enumerable.Range(0, model.Classes)];
        return Array.ConvertAll(seeds, seed => turns[(int)(seed % (ulong)turns.Count)]);
    }

    /// <summary>Null for none.</summary>
    /// <exception cref="ArgumentException">The model cannot be guided so.</exception>
    public static GuidanceOptions? Guidance(DiffusionModel model, SampleParams wanted)
    {
        if (!wanted.IsGuided || wanted.GuidanceScale is not { } scale) return null;
        if (model.NoLabel is null)
        {
            string why = model.Network.Classes == 0 ? "trained without classes" : "never trained without labels (train_params.label_dropout was 0)";
            throw new ArgumentException($"The model was {why}, so that it cannot be guided by {Text(scale)}; leave guidance at 1.");
        }
        return new GuidanceOptions { Scale = scale, Rescale = wanted.GuidanceRescale };
    }

    public static string Name(IReadOnlyList<string> names, int label) => label < names.Count ? names[label] : Text(label);

    static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
