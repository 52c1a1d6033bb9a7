using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Images at another size, linearly between pixels whose centres lie at halves: PyTorch's <c>interpolate(mode="bilinear",
/// align_corners=False)</c>, which sees two pixels along each axis however small the result is.
/// </summary>
static unsafe class BilinearFilter<V> where V : unmanaged, ISimd<V>
{
    /// <summary>The two neighbours of a place along an axis, and the share of the second.</summary>
    readonly record struct Tap(int First, int Second, float Share)
    {
        public static Tap Of(int index, int outputs, int inputs)
        {
            double place = Math.Max(0, (index + 0.5) * inputs / outputs - 0.5);
            int first = (int)place;
            return new(first, Math.Min(first + 1, inputs - 1), (float)(place - first));
        }
    }

    /// <summary>y = x at y's size. A job is a row of y.</summary>
    public static void Resize(CpuDevice device, Shape from, Shape to, float* x, float* y) =>
        device.Workers.For(to[0] * to[1], new ResizeJob(from, to, (nint)x, (nint)y));

    readonly record struct ResizeJob(Shape From, Shape To, nint X, nint Y) : IJob
    {
        public void Run(int row, int worker)
        {
            (int sample, int i) = Math.DivRem(row, To[1]);
            int channels = To[3];
            nint line = (nint)From[2] * channels;
            Tap down = Tap.Of(i, To[1], From[1]);
            float* image = (float*)X + sample * From[1] * line, above = image + down.First * line, below = image + down.Second * line;
            float* y = (float*)Y + (nint)row * To[2] * channels;
            for (int j = 0; j < To[2]; j++, y += channels)
            {
                Tap across = Tap.Of(j, To[2], From[2]);
                nint left = (nint)across.First * channels, right = (nint)across.Second * channels;
                int c = 0;
                for (; c + V.Lanes <= channels; c += V.Lanes)
                    V.Store(y + c, Between<V>(above + c, below + c, left, right, across.Share, down.Share));
                for (; c < channels; c++)
                    V1.Store(y + c, Between<V1>(above + c, below + c, left, right, across.Share, down.Share));
            }
        }

        static W Between<W>(float* above, float* below, nint left, nint right, float across, float down) where W : unmanaged, ISimd<W>
        {
            W share = W.Splat(across), rest = W.Splat(1 - across);
            W top = W.Fma(rest, W.Load(above + left), share * W.Load(above + right));
            W bottom = W.Fma(rest, W.Load(below + left), share * W.Load(below + right));
            return W.Fma(W.Splat(1 - down), top, W.Splat(down) * bottom);
        }
    }

    /// <summary>dx (+)= each number of dy at the four pixels that it came from. A job is an image.</summary>
    public static void Gradient(CpuDevice device, Shape from, Shape to, float* dy, float* dx, bool accumulate)
    {
        if (!accumulate) new Span<float>(dx, from.Count).Clear();
        device.Workers.For(to[0], new GradientJob(from, to, (nint)dy, (nint)dx));
    }

    readonly record struct GradientJob(Shape From, Shape To, nint Dy, nint Dx) : IJob
    {
        public void Run(int sample, int worker)
        {
            int channels = To[3];
            float* image = (float*)Dx + (nint)sample * From[1] * From[2] * channels, dy = (float*)Dy + (nint)sample * To[1] * To[2] * channels;
            for (int i = 0; i < To[1]; i++)
            {
                Tap down = Tap.Of(i, To[1], From[1]);
                for (int j = 0; j < To[2]; j++, dy += channels)
                {
                    Tap across = Tap.Of(j, To[2], From[2]);
                    Add(image, down.First, across.First, (1 - down.Share) * (1 - across.Share), dy);
                    Add(image, down.First, across.Second, (1 - down.Share) * across.Share, dy);
                    Add(image, down.Second, across.First, down.Share * (1 - across.Share), dy);
                    Add(image, down.Second, across.Second, down.Share * across.Share, dy);
                }
            }
        }

        void Add(float* image, int i, int j, float share, float* dy) =>
            Elementwise.Map<V, Elementwise.Affine>(dy, null, share, 0, image + ((nint)i * From[2] + j) * To[3], To[3], accumulate: true);
    }
}
