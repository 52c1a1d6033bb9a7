namespace Brownian.Nn;

/// <summary>Where a layer declares its parameters: a set and the prefix of their names.</summary>
public readonly struct ParameterScope
{
    readonly ParameterSet _set;
    readonly string _prefix;

    internal ParameterScope(ParameterSet set, string prefix) => (_set, _prefix) = (set, prefix);

    /// <summary>The scope of a child: its names start with this scope's prefix, the child's name and a dot.</summary>
    public ParameterScope Under(string name) => new(_set, $"{_prefix}{name}.");

    /// <summary>The scope of an element of a list, named by its index as PyTorch's <c>ModuleList</c> does.</summary>
    public ParameterScope Under(string name, int index) => new(_set, $"{_prefix}{name}.{index}.");

    /// <summary>Declares a parameter.</summary>
    /// <param name="name">The last part of its name, such as "weight".</param>
    /// <param name="layout">How PyTorch's shape relates to ours.</param>
    /// <param name="initialization">What its first values are drawn from.</param>
    /// <param name="torchShape">Its shape in PyTorch.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the layout.</exception>
    public Parameter Declare(string name, ParameterLayout layout, Initialization initialization, params ReadOnlySpan<int> torchShape) =>
        _set.Declare(new Parameter(_prefix + name, layout, initialization, torchShape));

    /// <summary>
    /// Declares numbers that belong to a model and its files, but that no optimiser touches: PyTorch's buffers, such as running
    /// statistics, and its frozen parameters.
    /// </summary>
    /// <param name="name">The last part of its name, such as "running_mean".</param>
    /// <param name="layout">How PyTorch's shape relates to ours.</param>
    /// <param name="initialization">What its first values are drawn from.</param>
    /// <param name="torchShape">Its shape in PyTorch.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the layout.</exception>
    public Parameter DeclareUntrained(string name, ParameterLayout layout, Initialization initialization, params ReadOnlySpan<int> torchShape) =>
        _set.Declare(new Parameter(_prefix + name, layout, initialization, torchShape, isTrained: false));
}
