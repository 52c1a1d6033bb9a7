namespace Brownian.Tensors.Cpu;

/// <summary>A block of work that several threads share: <see cref="Run"/> is called once for every index, on any thread.</summary>
interface IJob
{
    /// <param name="index">Which part of the work; what it writes must depend on nothing but this.</param>
    /// <param name="worker">Which thread runs it, from 0: only for choosing a scratch buffer.</param>
    void Run(int index, int worker);
}

/// <summary>
/// Parked threads that share out the indices of a job; the caller takes part. Jobs are structs of pointers, passed by address, so
/// that starting one allocates nothing. Which thread runs which index varies; results may not depend on it.
/// </summary>
sealed unsafe class Workers : IDisposable
{
    const int SpinsBeforeParking = 4000;      // about 50 µs: longer than the gaps between the kernels of a training step
    readonly Thread[] _threads;
    readonly SemaphoreSlim _wake = new(0);
    delegate*<void*, int, int, void> _run;
    void* _job;
    int _count;
    long _ticket;                             // high half: generation of the job, low half: how many indices are unclaimed
    int _done;
    int _parked;
    volatile bool _stop;

    public Workers(int threads)
    {
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"Brownian worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>The number of threads that compute, the caller included.</summary>
    public int Count => _threads.Length + 1;

    /// <summary>Runs all indices in [0, count) and returns when the last is done.</summary>
    public void For<TJob>(int count, TJob job) where TJob : unmanaged, IJob
    {
        if (_threads.Length == 0 || count <= 1)
        {
            for (int i = 0; i < count; i++) job.Run(i, 0);
            return;
        }
        _run = &Invoke<TJob>;
        _job = &job;
        _count = count;
        Volatile.Write(ref _done, 0);
        long generation = (_ticket >> 32) + 1;
        Interlocked.Exchange(ref _ticket, generation << 32 | (uint)count);
        int parked = Volatile.Read(ref _parked);
        if (parked > 0) _wake.Release(parked);
        TakePart(generation, 0);
        var wait = new SpinWait();
        while (Volatile.Read(ref _done) < count) wait.SpinOnce(sleep1Threshold: -1);    // yields: on a busy machine the last worker may have none
    }

    static void Invoke<TJob>(void* job, int index, int worker) where TJob : unmanaged, IJob => ((TJob*)job)->Run(index, worker);

    void TakePart(long generation, int worker)
    {
        while (true)
        {
            // Read before claiming: a claim that succeeds proves that the job has not ended, so what was read belongs to it.
            long ticket = Volatile.Read(ref _ticket);
            delegate*<void*, int, int, void> run = _run;
            void* job = _job;
            int index = _count - (int)(ticket & 0xffffffff);
            if (ticket >> 32 != generation || (ticket & 0xffffffff) == 0) return;
            if (Interlocked.CompareExchange(ref _ticket, ticket - 1, ticket) != ticket) continue;
            run(job, index, worker);
            Interlocked.Increment(ref _done);
        }
    }

    void Serve(int worker)
    {
        long seen = 0;
        int spins = 0;
        while (!_stop)
        {
            long generation = Volatile.Read(ref _ticket) >> 32;
            if (generation != seen)
            {
                seen = generation;
                TakePart(generation, worker);
                spins = 0;
            }
            else if (++spins < SpinsBeforeParking)
            {
                Thread.SpinWait(4);
            }
            else
            {
                Park(seen);
                spins = 0;
            }
        }
    }

    void Park(long seen)
    {
        Interlocked.Increment(ref _parked);
        if (Volatile.Read(ref _ticket) >> 32 == seen && !_stop) _wake.Wait();
        Interlocked.Decrement(ref _parked);
    }

    public void Dispose()
    {
        _stop = true;
        _wake.Release(_threads.Length + 1);
        foreach (Thread thread in _threads) thread.Join();
        _wake.Dispose();
    }
}
