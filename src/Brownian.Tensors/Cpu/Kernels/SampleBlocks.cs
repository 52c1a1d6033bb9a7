namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The numbers of several samples of one length, cut into blocks that never reach into the next sample. A job is some whole
/// blocks, or as many samples as fill them, so that small samples are no small jobs. The cut belongs to the data, never to the threads.
/// </summary>
readonly record struct SampleBlocks(int Samples, int Length, int Block, int BlocksPerJob = 1)
{
    /// <summary>How many there are in each sample.</summary>
    public int PerSample => (Length + Block - 1) / Block;

    /// <summary>How many there are.</summary>
    public int Count => Samples * PerSample;

    /// <summary>How many jobs share them.</summary>
    public int Jobs => (Count + PerJob - 1) / PerJob;

    int PerJob => BlocksPerJob * Math.Max(1, Block / Math.Max(1, Length));

    /// <summary>The first block of a job, and the one after its last.</summary>
    public (int First, int End) OfJob(int job) => (job * PerJob, Math.Min(Count, (job + 1) * PerJob));

    /// <summary>The sample of a block, where in it the block begins, and how many numbers it has.</summary>
    public (int Sample, int From, int Count) At(int block)
    {
        int sample = block / PerSample, from = (block - sample * PerSample) * Block;
        return (sample, from, Math.Min(Block, Length - from));
    }

    /// <summary>sums[n] = the results of the blocks of sample n, first to last.</summary>
    public unsafe void AddUp(double* results, Span<double> sums)
    {
        for (int n = 0; n < sums.Length; n++)
        {
            double total = 0;
            for (int i = 0; i < PerSample; i++) total += results[n * PerSample + i];
            sums[n] = total;
        }
    }
}
