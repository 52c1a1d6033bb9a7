namespace Brownian.Tensors.Autograd;

/// <summary>Walks the recorded operations from a result back to the leaves. One for each device, so that a step makes no new lists.</summary>
sealed class Tape
{
    readonly List<Node> _nodes = [];
    readonly Stack<Node> _open = new();

    /// <summary>Runs every operation that led to <paramref name="root"/> backwards, latest first, and frees gradients and discarded results once used.</summary>
    public void Run(Tensor root, Tensor seed)
    {
        try
        {
            Collect(root.Origin!);
            _nodes.Sort(static (a, b) => b.Order.CompareTo(a.Order));
            root.Grad = seed;
            foreach (Node node in _nodes)
            {
                root.Device.ThrowIfStopped();
                Tensor output = node.Output;
                if (output.Grad is { } dy)
                {
                    node.RestoreForBackward();
                    node.Backward(dy);
                    output.Grad = null;
                    dy.Storage.Release();
                }
                // All that read it were recorded later and have run before.
                if (output.IsDiscarded && !output.Storage.IsReleased) output.Storage.Release();
            }
        }
        finally
        {
            _nodes.Clear();     // or they would keep the whole step alive
            _open.Clear();
        }
    }

    void Collect(Node last)
    {
        long pass = last.Output.Device.NextOrder();
        _open.Push(last);
        last.Visited = pass;
        while (_open.TryPop(out Node? node))
        {
            _nodes.Add(node);
            foreach (Tensor? input in node.Inputs)
            {
                if (input?.Origin is { } origin && origin.Visited != pass)
                {
                    origin.Visited = pass;
                    _open.Push(origin);
                }
            }
        }
    }
}
