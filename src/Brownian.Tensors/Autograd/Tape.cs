namespace Brownian.Tensors.Autograd;

/// <summary>Walks the recorded operations from a result back to the leaves.</summary>
static class Tape
{
    /// <summary>Runs every operation that led to <paramref name="root"/> backwards, latest first, and frees gradients once used.</summary>
    public static void Run(Tensor root, Tensor seed)
    {
        List<Node> nodes = Collect(root.Origin!);
        nodes.Sort(static (a, b) => b.Order.CompareTo(a.Order));
        root.Grad = seed;
        foreach (Node node in nodes)
        {
            Tensor output = node.Output;
            if (output.Grad is not { } dy) continue;
            node.Backward(dy);
            output.Grad = null;
            dy.Storage.Release();
        }
    }

    static List<Node> Collect(Node last)
    {
        long pass = last.Output.Device.NextOrder();
        List<Node> nodes = [];
        Stack<Node> open = new();
        open.Push(last);
        last.Visited = pass;
        while (open.TryPop(out Node? node))
        {
            nodes.Add(node);
            foreach (Tensor? input in node.Inputs)
            {
                if (input?.Origin is { } origin && origin.Visited != pass)
                {
                    origin.Visited = pass;
                    open.Push(origin);
                }
            }
        }
        return nodes;
    }
}
