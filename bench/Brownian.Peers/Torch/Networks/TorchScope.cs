using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>Declares layers in a module, under the names of PyTorch's state dicts; weights of convolutions are kept in the layout.</summary>
readonly record struct TorchScope(nn.Module Module, Layout Layout)
{
    /// <summary>A module without a computation of its own, for the names below it.</summary>
    public TorchScope Under(string name)
    {
        if (Module is Names names && names.Find(name) is { } known) return this with { Module = known };
        var made = new Names(name);
        Module.register_module(name, made);
        (Module as Names)?.Remember(name, made);
        return this with { Module = made };
    }

    public TorchScope Under(string name, int index) => Under(name).Under($"{index}");

    public Conv2d Conv(string name, int inputs, int outputs, int kernel, int stride = 1, int padding = 0)
    {
        Conv2d conv = nn.Conv2d(inputs, outputs, kernel, stride, padding);
        conv.weight = new Parameter(Layout.Order(conv.weight).detach());
        return Add(name, conv);
    }

    public ConvTranspose2d ConvTranspose(string name, int inputs, int outputs, int kernel, int stride, int padding)
    {
        ConvTranspose2d conv = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding);
        conv.weight = new Parameter(Layout.Order(conv.weight!).detach());
        return Add(name, conv);
    }

    public Linear Linear(string name, int inputs, int outputs) => Add(name, nn.Linear(inputs, outputs));

    public GroupNorm GroupNorm(string name, int groups, int channels, double epsilon = 1e-5) => Add(name, nn.GroupNorm(groups, channels, epsilon));

    public BatchNorm2d BatchNorm(string name, int channels) => Add(name, nn.BatchNorm2d(channels));

    public Parameter Weight(string name, Tensor values, bool trained = true)
    {
        var parameter = new Parameter(values, trained);
        Module.register_parameter(name, parameter);
        return parameter;
    }

    T Add<T>(string name, T module) where T : nn.Module
    {
        Module.register_module(name, module);
        return module;
    }

    sealed class Names(string name) : nn.Module(name)
    {
        readonly Dictionary<string, Names> _known = [];

        public Names? Find(string name) => _known.GetValueOrDefault(name);

        public void Remember(string name, Names names) => _known[name] = names;
    }
}
