namespace Brownian.Tensors.Tracing;

/// <summary>
/// Which results of a pass to keep where the others are computed again in the backward pass (Chen et al. 2016, "Training deep nets with
/// sublinear memory cost", section 4). The pass is cut into parts. What is read beyond a cut is kept; the rest of a part is there from the
/// moment when the backward pass reaches it until it has left it. The last part is left as it is, as the backward pass begins with it.
/// </summary>
/// <param name="sizes">Of the result of each operation.</param>
/// <param name="lastReads">The operation that reads it last; -1 for none.</param>
sealed class Checkpoints(long[] sizes, int[] lastReads)
{
    const int MostParts = 100;

    /// <summary>The cuts that need the least memory, as what happens to each result.</summary>
    public AfterUse[] Best()
    {
        long total = sizes.Sum(), least = long.MaxValue;
        AfterUse[] best = new AfterUse[sizes.Length];
        for (int parts = 1; parts <= Math.Min(MostParts, sizes.Length); parts++)
        {
            (AfterUse[] fates, long memory) = Cut(total / parts);
            if (memory < least) (best, least) = (fates, memory);
        }
        return best;
    }

    /// <summary>Cuts so that no part is larger than asked, but for those of one operation.</summary>
    /// <param name="most">The size of a part.</param>
    (AfterUse[] Fates, long Memory) Cut(long most)
    {
        AfterUse[] fates = new AfterUse[sizes.Length];
        List<int> ends = [-1];
        for (int end = EndOfPart(0, most); end < sizes.Length - 1; end = EndOfPart(end + 1, most))
        {
            ends.Add(end);
            for (int i = 0; i <= end; i++)
            {
                if (lastReads[i] > end) fates[i] = AfterUse.Keep;
                else if (fates[i] == AfterUse.Free) fates[i] = AfterUse.Repeat;
            }
        }
        ends.Add(sizes.Length - 1);
        long kept = 0, largest = 0;
        for (int part = 1; part < ends.Count; part++)
        {
            long size = 0;
            for (int i = ends[part - 1] + 1; i <= ends[part]; i++)
            {
                if (fates[i] == AfterUse.Keep) kept += sizes[i];
                else size += sizes[i];
            }
            largest = Math.Max(largest, size);
        }
        return (fates, kept + largest);
    }

    // In the second half of what fits, where the least is read beyond.
    int EndOfPart(int start, long most)
    {
        long size = sizes[start];
        int last = start;
        while (last + 1 < sizes.Length && size + sizes[last + 1] <= most) size += sizes[++last];
        if (last == sizes.Length - 1) return last;
        int best = last;
        for (int end = last - 1; end >= start + (last - start) / 2; end--)
        {
            if (ReadBeyond(end) < ReadBeyond(best)) best = end;
        }
        return best;
    }

    long ReadBeyond(int end)
    {
        long size = 0;
        for (int i = 0; i <= end; i++)
        {
            if (lastReads[i] > end) size += sizes[i];
        }
        return size;
    }
}
