using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>One layer as it ran in a forward pass.</summary>
/// <param name="Name">What its parameters' names begin with, such as <c>downs.0.resnet_conv_first.0.2</c>.</param>
/// <param name="Kind">What it does, such as "conv 3×3".</param>
/// <param name="Output">The shape of its result for one image.</param>
/// <param name="Parameters">How many numbers it learns; 0 where it ran before.</param>
/// <param name="MultiplyAdds">Its work for one image.</param>
public sealed record NetworkLayer(string Name, string Kind, Shape Output, long Parameters, long MultiplyAdds);

/// <summary>
/// The layers of a network and their work, found by one forward pass of one image on a <see cref="TracingDevice"/>: no network writes a table
/// or a count of its own.
/// </summary>
public sealed class NetworkSummary
{
    readonly List<NetworkLayer> _layers = [];

    NetworkSummary(IDenoisingNetwork network) => Network = network;

    /// <summary>The network, whose weights have no numbers.</summary>
    public IDenoisingNetwork Network { get; }

    /// <summary>Every layer with weights, and every attention, in the order they run.</summary>
    public IReadOnlyList<NetworkLayer> Layers => _layers;

    /// <summary>Trained parameters that no layer of the pass used.</summary>
    public IReadOnlyList<Parameter> Unused { get; private set; } = [];

    /// <summary>
    /// The names of the weights between the image and the answer: linear maps and convolutions without the first over pixels, which reads
    /// the image, and the last, which writes the answer. Tables of embeddings are none.
    /// </summary>
    public IReadOnlySet<string> HiddenMaps { get; private set; } = new HashSet<string>();

    /// <summary>How many numbers the network learns.</summary>
    public long Parameters => Network.Parameters.Count;

    /// <summary>
    /// The multiply-adds of one image forward: convolutions, counted as if computed directly, linear maps and attention. A multiply-add is
    /// two floating-point operations; a training step costs about three forward passes.
    /// </summary>
    public long MultiplyAdds => _layers.Sum(layer => layer.MultiplyAdds);

    /// <summary>The bytes of what a pass of one image forward leaves for the backward pass in training.</summary>
    public long ActivationBytes { get; private set; }

    /// <summary>Traces a network.</summary>
    /// <param name="create">Makes it on a device.</param>
    /// <param name="size">Height and width of the image; those that the network was made for if not given.</param>
    public static NetworkSummary Of(Func<Device, IDenoisingNetwork> create, (int Height, int Width)? size = null)
    {
        ArgumentNullException.ThrowIfNull(create);
        using var device = new TracingDevice();
        IDenoisingNetwork network = create(device);
        var summary = new NetworkSummary(network);
        long before = device.Memory.Live;
        using TensorScope scope = device.OpenScope();
        (int height, int width) = size ?? (network.Height, network.Width);
        var pass = new NetworkPass([1], network.Classes > 0 ? [0] : [], training: new Philox(0, 0));
        network.Answer(Tensor.Empty(Shape.Of(1, height, width, network.SeenChannels), device), pass);
        summary.ActivationBytes = device.Memory.Live - before;
        summary.Read(device.Calls);
        return summary;
    }

    void Read(IReadOnlyList<KernelCall> calls)
    {
        Dictionary<Tensor, Parameter> parameters = Network.Parameters.ToDictionary(p => p.Value);
        var used = new HashSet<Parameter>();
        foreach (KernelCall call in calls)
        {
            string name = call.Weight is null ? Above(_layers.Count == 0 ? "" : _layers[^1].Name)
                : parameters.TryGetValue(call.Weight, out Parameter? weight) ? LayerOf(weight.Name)
                : "";
            _layers.Add(new NetworkLayer(name, call.Kernel, call.Output, Take(call.Weight) + Take(call.Bias), call.MultiplyAdds));
        }
        Parameter[] overPixels = [.. calls.Where(call => call.Output.Rank == 4).Select(MapOf).OfType<Parameter>()];
        HiddenMaps = calls.Select(MapOf).OfType<Parameter>().Except(overPixels.Take(1)).Except(overPixels.TakeLast(1)).Select(map => map.Name).ToHashSet();
        Unused = [.. Network.Parameters.Trained.Where(p => !used.Contains(p))];

        Parameter? MapOf(KernelCall call) =>
            call is { MultiplyAdds: > 0, Weight: { } weight } && parameters.TryGetValue(weight, out Parameter? found) && found.IsMap ? found : null;

        long Take(Tensor? tensor) =>
            tensor is not null && parameters.TryGetValue(tensor, out Parameter? found) && found.IsTrained && used.Add(found) ? found.Shape.Count : 0;
    }

    // in_proj_weight is a layer of its own beside those that are named by a scope.
    static string LayerOf(string parameter)
    {
        const string Suffix = "weight";
        return parameter.EndsWith(Suffix, StringComparison.Ordinal) ? parameter[..^Suffix.Length].TrimEnd('.', '_') : parameter;
    }

    static string Above(string layer) => layer.LastIndexOf('.') is >= 0 and int dot ? layer[..dot] : layer;
}
