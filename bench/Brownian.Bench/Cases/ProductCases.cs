using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Matrix products, written rows×inner×columns: squares to compare with the peak, then the linear layers of the networks.</summary>
static class ProductCases
{
    static readonly Product[] Squares = [new(512, 512, 512), new(1024, 1024, 1024), new(2048, 2048, 2048)];

    static readonly Product[] Layers =
    [
        new(BenchCase.Batch * 784, 64, 192),      // tutorial: queries, keys and values at 28×28, 14×14 and 7×7
        new(BenchCase.Batch * 196, 128, 384),
        new(BenchCase.Batch * 49, 256, 768),
        new(BenchCase.Batch * 256, 256, 256),     // ddpm-cifar10-32: attention's projections at 16×16
        new(BenchCase.Batch, 512, 512),           // its time embedding
    ];

    public static IEnumerable<BenchCase> All()
    {
        foreach (Product p in Squares) yield return p.Forward();
        foreach (Product p in Layers) yield return p.Forward();
        foreach (Product p in Layers) yield return p.InputGradient();
        foreach (Product p in Layers) yield return p.WeightGradient();
        foreach (Product p in Layers) yield return p.ForwardAndGradients();
    }

    readonly record struct Product(int Rows, int Inner, int Columns)
    {
        double Flops => 2.0 * Rows * Inner * Columns;

        double Bytes => 4.0 * ((double)Rows * Inner + (double)Inner * Columns + (double)Rows * Columns);

        public BenchCase Forward()
        {
            Product p = this;
            return Case("matrix product", 1, inputs =>
            {
                Tensor x = inputs.Normal(p.Rows, p.Inner), w = inputs.Normal(p.Inner, p.Columns);
                return () => x.Linear(w);
            });
        }

        public BenchCase InputGradient()
        {
            Product p = this;
            return Case("linear input gradient", 1, inputs =>
            {
                Tensor dy = inputs.Normal(p.Rows, p.Columns), w = inputs.Normal(p.Inner, p.Columns), dx = inputs.Normal(p.Rows, p.Inner);
                return () => inputs.Device.LinearGradInput(dy, w, dx, accumulate: false);
            });
        }

        public BenchCase WeightGradient()
        {
            Product p = this;
            return Case("linear weight gradient", 1, inputs =>
            {
                Tensor x = inputs.Normal(p.Rows, p.Inner), dy = inputs.Normal(p.Rows, p.Columns), dw = inputs.Normal(p.Inner, p.Columns);
                return () => inputs.Device.LinearGradWeight(x, dy, dw);
            });
        }

        /// <summary>All that a training step does for the layer, its bias included.</summary>
        public BenchCase ForwardAndGradients()
        {
            Product p = this;
            return Case("linear forward+gradients", 3, inputs =>
            {
                Device device = inputs.Device;
                Tensor x = inputs.Normal(p.Rows, p.Inner), dx = inputs.Normal(p.Rows, p.Inner), dy = inputs.Normal(p.Rows, p.Columns);
                Tensor w = inputs.Normal(p.Inner, p.Columns), dw = inputs.Normal(p.Inner, p.Columns);
                Tensor bias = inputs.Normal(p.Columns), dBias = inputs.Normal(p.Columns);
                return () =>
                {
                    x.Linear(w, bias);
                    device.LinearGradInput(dy, w, dx, accumulate: false);
                    device.LinearGradWeight(x, dy, dw);
                    device.AddRowsGrad(dy, dBias, accumulate: false);
                };
            });
        }

        BenchCase Case(string kernel, int products, Func<Inputs, Action> prepare) =>
            new(kernel, $"{Rows}x{Inner}x{Columns}", products * Flops, products * Bytes, prepare);
    }
}
