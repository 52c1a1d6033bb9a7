using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Losses with their gradients, for the answers of two networks: 32×32 and 64×64 images in colour.</summary>
static class LossCases
{
    static readonly LossSpec[] Specs = [new(LossOp.Squared), new(LossOp.Absolute), new(LossOp.Huber), new(LossOp.PseudoHuber, 0.03f)];

    public static IEnumerable<BenchCase> All() => [.. Specs.Select(spec => Loss(spec, 32)), .. Specs.Select(spec => Loss(spec, 64)), Bound(32), Bound(64)];

    // Answer and target are read twice, the gradient is written.
    static BenchCase Loss(LossSpec spec, int size) => new($"{spec.Op} loss".ToLowerInvariant(), Images(size), 0, Bytes(size, 5), inputs =>
    {
        Tensor x = Draw(inputs, size, 3), target = Draw(inputs, size, 3), dx = Draw(inputs, size, 3);
        Tensor loss = inputs.Normal(1), sums = inputs.Normal(BenchCase.Batch, 2), dy = inputs.Normal(1);
        double[] weights = new double[BenchCase.Batch];
        return () =>
        {
            inputs.Device.Loss(spec, x, target, weights, loss, sums);
            inputs.Device.LossGrad(spec, x, target, weights, dy, dx, accumulate: false);
        };
    });

    // Images, noised ones and both halves of the answer are read twice, the gradient of both is written.
    static BenchCase Bound(int size) => new("variational bound", Images(size), 0, Bytes(size, 10), inputs =>
    {
        Tensor x0 = Draw(inputs, size, 3), xt = Draw(inputs, size, 3), answer = Draw(inputs, size, 6), gradient = Draw(inputs, size, 6);
        Tensor loss = inputs.Normal(1), sums = inputs.Normal(BenchCase.Batch, 2), dy = inputs.Normal(1);
        PixelBound[] bounds = new PixelBound[BenchCase.Batch];
        Array.Fill(bounds, new PixelBound { Posterior = (0.4, 0.5), LogPosteriorVariance = -2, Mean = (0.7, -0.3), LogVariance = (-1, 1) });
        return () =>
        {
            inputs.Device.Bound(bounds, x0, xt, answer, loss, sums);
            inputs.Device.BoundGrad(bounds, x0, xt, answer, dy, trainsPrediction: false, gradient, accumulate: false);
        };
    });

    static string Images(int size) => $"{BenchCase.Batch}x{size}x{size}x3";

    static double Bytes(int size, int passes) => (double)passes * sizeof(float) * BenchCase.Batch * size * size * 3;

    static Tensor Draw(Inputs inputs, int size, int channels) => inputs.Normal(BenchCase.Batch, size, size, channels);
}
