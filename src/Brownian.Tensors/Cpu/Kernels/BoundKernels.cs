namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The variational bound, pixel by pixel in double: exponentials of differences of logarithms leave a float too few digits. Blocks of
/// fixed size, so that the sums do not depend on the threads.
/// </summary>
static unsafe class BoundKernels
{
    const int Block = 1024;

    /// <summary>x_0 and x_t, N×…×C, and the network's answer, N×…×width; with 2C channels, the second half is the variance's.</summary>
    public readonly record struct Images(nint X0, nint Xt, nint Output, int Samples, int Length, int Channels, int Width)
    {
        public Images(nint x0, nint xt, nint output, Shape shape, int width)
            : this(x0, xt, output, shape[0], shape.Count / shape[0], shape.Channels, width) { }

        public SampleBlocks Blocks => new(Samples, Length, Block);

        public bool LearnsVariance => Width > Channels;

        /// <summary>Where the answer to a number of x_0 and x_t lies.</summary>
        public nint AnswerTo(nint index) => index / Channels * Width + index % Channels;

        public PixelBound.Term Term(in PixelBound bound, nint index)
        {
            float* answer = (float*)Output + AnswerTo(index);
            return bound.Of(((float*)X0)[index], ((float*)Xt)[index], *answer, LearnsVariance ? answer[Channels] : 0);
        }
    }

    /// <summary>sums[n] = the bits of sample n.</summary>
    public static void Sums(CpuDevice device, ReadOnlySpan<PixelBound> bounds, Images images, Span<double> sums)
    {
        SampleBlocks blocks = images.Blocks;
        SharedMemory slots = device.RentShared(2L * blocks.Count);
        fixed (PixelBound* pb = bounds)
        fixed (float* s = &slots.First(0))
        {
            device.Workers.For(blocks.Jobs, new SumJob((nint)pb, images, (nint)s));
            blocks.AddUp((double*)s, sums);
        }
        slots.Release();
    }

    readonly record struct SumJob(nint Bounds, Images Images, nint Results) : IJob
    {
        public void Run(int index, int worker)
        {
            SampleBlocks blocks = Images.Blocks;
            (int first, int end) = blocks.OfJob(index);
            for (int block = first; block < end; block++)
            {
                (int n, int from, int count) = blocks.At(block);
                nint at = (nint)n * Images.Length + from;
                double bits = 0;
                for (int i = 0; i < count; i++) bits += Images.Term(((PixelBound*)Bounds)[n], at + i).Bits;
                ((double*)Results)[block] = bits;
            }
        }
    }

    /// <summary>dOutput (+)= scale · the derivatives; that by the prediction is 0 unless it is trained.</summary>
    public static void Gradient(
        CpuDevice device, ReadOnlySpan<PixelBound> bounds, Images images, double scale, bool trainsPrediction, float* dOutput, bool accumulate)
    {
        fixed (PixelBound* pb = bounds)
            device.Workers.For(images.Blocks.Jobs, new GradientJob((nint)pb, images, scale, trainsPrediction, (nint)dOutput, accumulate));
    }

    readonly record struct GradientJob(nint Bounds, Images Images, double Scale, bool TrainsPrediction, nint DOutput, bool Accumulate) : IJob
    {
        public void Run(int index, int worker)
        {
            SampleBlocks blocks = Images.Blocks;
            (int first, int end) = blocks.OfJob(index);
            for (int block = first; block < end; block++)
            {
                (int n, int from, int count) = blocks.At(block);
                nint at = (nint)n * Images.Length + from;
                for (int i = 0; i < count; i++) Write(Images.Term(((PixelBound*)Bounds)[n], at + i), (float*)DOutput + Images.AnswerTo(at + i));
            }
        }

        void Write(PixelBound.Term term, float* target)
        {
            float byOutput = TrainsPrediction ? (float)(Scale * term.ByOutput) : 0;
            *target = Accumulate ? *target + byOutput : byOutput;
            if (!Images.LearnsVariance) return;
            float byVariance = (float)(Scale * term.ByVariance);
            target[Images.Channels] = Accumulate ? target[Images.Channels] + byVariance : byVariance;
        }
    }
}
