namespace Brownian.Tensors;

/// <summary>Sums of several scaled tensors, and assignment: what a sampler's step is made of. No gradient flows through them.</summary>
public static class LinearCombination
{
    /// <summary>Σ weight·tensor over tensors of one shape, added from left to right. A term of weight 0 is left out, whatever it holds.</summary>
    /// <param name="terms">At least one.</param>
    /// <exception cref="ArgumentException">There are no terms, or shapes differ.</exception>
    public static Tensor Of(params ReadOnlySpan<(double Weight, Tensor Tensor)> terms)
    {
        if (terms.IsEmpty) Refuse.Because("LinearCombination: there are no terms to add.");
        Tensor first = terms[0].Tensor;
        using DeviceTurn turn = first.Device.TakeTurn();
        Tensor sum = Tensor.Empty(first.Shape, first.Device);
        bool accumulate = false;
        foreach ((double weight, Tensor tensor) in terms)
        {
            Refuse.IfShapesDiffer("LinearCombination", first, tensor);
            if (weight == 0) continue;
            first.Device.Affine((float)weight, tensor, 0, null, sum, accumulate);
            first.Device.Pass?.Used(tensor);
            accumulate = true;
        }
        if (!accumulate) first.Device.Fill(sum, 0);
        return sum;
    }

    /// <summary>Overwrites a tensor's numbers with another's on their device: state that outlives a loop's scopes is kept so.</summary>
    /// <exception cref="ArgumentException">Shapes differ.</exception>
    public static void Assign(this Tensor target, Tensor source)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(source);
        Refuse.IfShapesDiffer("Assign", target, source);
        if (target == source) return;
        using DeviceTurn turn = target.Device.TakeTurn();
        target.Device.Affine(1, source, 0, null, target, accumulate: false);
        target.Device.Pass?.Used(source);
        target.Device.Pass?.Used(target);
    }
}
