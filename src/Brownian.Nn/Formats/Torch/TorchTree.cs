using System.Globalization;

namespace Brownian.Nn;

/// <summary>Finds the tensors in nested containers and names them: keys and positions from the outside in, with slashes between.</summary>
sealed class TorchTree(FileBytes file)
{
    // Containers can hold each other many times over; the budget pays for each thing looked at and each character of a name.
    const int MaxDepth = 64, Budget = 1 << 24;

    const int MaxPlaces = 16;

    readonly List<(string Name, TorchTensor Tensor)> _found = [];
    readonly List<(string Place, string Class)> _unread = [];
    readonly HashSet<string> _names = new(StringComparer.Ordinal);
    readonly List<(object? Key, int Position)> _path = [];    // of what is in a list; -1 under a key
    int _spent;

    /// <returns>The tensors, and where objects of unknown classes are, the first few of them.</returns>
    /// <exception cref="InvalidDataException">They are nested too deep, too many, or cannot be named.</exception>
    public static (List<(string Name, TorchTensor Tensor)> Tensors, List<(string Place, string Class)> Unread) Flatten(FileBytes file, object? root)
    {
        var tree = new TorchTree(file);
        tree.Visit(root);
        return (tree._found, tree._unread);
    }

    void Visit(object? value)
    {
        Spend(1);
        switch (value)
        {
            case TorchTensor tensor: Add(tensor); break;
            case UnknownObject unknown: Pass(unknown); break;
            case PickleDict dict:
                foreach ((object? key, object? entry) in dict.Pairs) VisitUnder(key, -1, entry);
                break;
            case IReadOnlyList<object?> list:      // a list or a tuple
                for (int i = 0; i < list.Count; i++) VisitUnder(null, i, list[i]);
                break;
        }
    }

    void VisitUnder(object? key, int position, object? value)
    {
        if (_path.Count == MaxDepth) throw file.Bad($"is nested more than {MaxDepth} deep.");
        _path.Add((key, position));
        Visit(value);
        _path.RemoveAt(_path.Count - 1);
    }

    void Pass(UnknownObject unknown)
    {
        if (_unread.Count < MaxPlaces) _unread.Add((Place(), unknown.Name));
    }

    string Place()
    {
        Spend(_path.Sum(step => step.Key is string text ? text.Length + 1 : 1));
        return string.Join('/', _path.Select(Text));
    }

    void Add(TorchTensor tensor)
    {
        string name = Place();
        if (!_names.Add(name)) throw file.Bad($"two tensors are named {SafetensorsHeader.Quote(name)}.");
        _found.Add((name, tensor));
    }

    string Text((object? Key, int Position) step) => step switch
    {
        (_, >= 0) => step.Position.ToString(CultureInfo.InvariantCulture),
        (string text, _) => text,
        (long or bool or double, _) => string.Create(CultureInfo.InvariantCulture, $"{step.Key}"),
        (UnknownObject unknown, _) => unknown.Name,
        _ => throw file.Bad("a tensor's key is neither a text nor a number."),
    };

    void Spend(int cost)
    {
        _spent += Math.Min(cost, Budget);
        if (_spent > Budget) throw file.Bad("holds more than can be listed; is it a state dict?");
    }
}
