using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Brownian.OtherDevice;
using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>One device and many threads: right numbers, in turn, and nothing of one reaches another.</summary>
public sealed class TurnTests
{
    const int Threads = 8, Rounds = 30;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static CancellationToken Ended => TestContext.Current.CancellationToken;

    public static TheoryData<string> Kinds => ["cpu", "late"];

    static Device Open(string kind) => kind == "cpu" ? Device.Cpu(2) : new LateDevice(1);

    [Theory, MemberData(nameof(Kinds))]
    public void Operations_and_gradients_of_many_threads_are_those_of_one(string kind)
    {
        using Device device = Open(kind);
        float[][][] alone = [.. Enumerable.Range(0, Threads).Select(i => Work(device, i, scoped: true))];
        OnThreads(i =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                float[][] among = Work(device, i, scoped: round % 2 == 0);
                for (int part = 0; part < among.Length; part++) Compare.SameBits($"thread {i}, round {round}, part {part}", among[part], alone[i][part]);
            }
        });
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void A_kernel_is_called_by_whoever_has_the_turn()
    {
        using var device = new LateDevice(1);
        foreach (OpCase op in OpTable.Small.Where(op => op.Work < 100_000))
        {
            Tensor[] inputs = [.. op.Inputs.Select((x, i) => Tensor.From(op.Expected.Inputs[i], x.Shape, device).WithGrad())];
            Tensor y = op.Run(inputs);
            if (op.Differentiable) y.Multiply(y).Sum().Backward();
            y.ToArray();
        }
        Assert.NotEmpty(device.Called);
        Assert.Empty(device.CalledOutOfTurn);
        device.Fill(Tensor.Zeros(Shape.Of(1), device), 1);
        Assert.Equal(["Fill"], device.CalledOutOfTurn);
    }

    [Fact]
    public void Turns_are_given_in_the_order_of_asking()
    {
        using Device device = Device.Cpu(1);
        var order = new ConcurrentQueue<int>();
        Thread[] threads = new Thread[5];
        using (DeviceTurn turn = device.TakeTurn(Ended))
        {
            for (int i = 0; i < threads.Length; i++) threads[i] = StartWaiting(device, i, order);
        }
        // It asks again at once, and comes after those who wait.
        using (DeviceTurn turn = device.TakeTurn(Ended)) order.Enqueue(-1);
        foreach (Thread thread in threads) Assert.True(thread.Join(Patience));
        Assert.Equal([0, 1, 2, 3, 4, -1], order);
    }

    [Fact]
    public void Who_no_longer_waits_is_passed_over()
    {
        using Device device = Device.Cpu(1);
        var order = new ConcurrentQueue<int>();
        using var cancel = new CancellationTokenSource();
        Exception? thrown = null;
        Thread before, cancelled, after;
        using (DeviceTurn turn = device.TakeTurn(Ended))
        {
            before = StartWaiting(device, 0, order);
            cancelled = Started(() => thrown = Record.Exception(() => device.OpenStep(cancel.Token)));
            after = StartWaiting(device, 1, order);
            cancel.Cancel();
            Assert.True(cancelled.Join(Patience));
            Assert.IsType<OperationCanceledException>(thrown, exactMatch: false);
            Assert.Empty(order);
        }
        Assert.True(before.Join(Patience) && after.Join(Patience));
        Assert.Equal([0, 1], order);
        Assert.ThrowsAny<OperationCanceledException>(() => device.TakeTurn(cancel.Token));
        using var later = new CancellationTokenSource();
        using (TensorScope step = device.OpenStep(later.Token))
        {
            Tensor x = Tensor.Zeros(Shape.Of(2), device);
            later.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() => x.Silu());
        }
        Assert.Equal([0f, 0], Tensor.Zeros(Shape.Of(2), device).ToArray());        // the next turn is another
        Assert.False(device.HasTurn);
    }

    [Fact]
    public void A_turn_that_comes_as_its_waiter_gives_up_is_not_lost()
    {
        using Device device = Device.Cpu(1);
        for (int round = 0; round < 200; round++)
        {
            using var cancel = new CancellationTokenSource();
            Thread waiter;
            using (DeviceTurn turn = device.TakeTurn(Ended))
            {
                waiter = Started(() =>
                {
                    try
                    {
                        using DeviceTurn mine = device.TakeTurn(cancel.Token);
                    }
                    catch (OperationCanceledException)
                    {
                    }
                });
                ThreadPool.QueueUserWorkItem(_ => cancel.Cancel());
            }
            Assert.True(waiter.Join(Patience));
            using DeviceTurn next = device.TakeTurn(Ended);
            SpinWait.SpinUntil(() => cancel.IsCancellationRequested);
        }
    }

    [Fact]
    public void NoGrad_and_scopes_are_those_of_the_code_that_opened_them()
    {
        using Device device = Device.Cpu(1);
        using NoGrad noGrad = device.NoGrad();
        using TensorScope scope = device.OpenScope();
        Tensor? stranger = null;
        float gradient = 0;
        Unrelated(() =>
        {
            Tensor x = Tensor.Full(Shape.Of(1), 3, device).WithGrad();
            (stranger = x.Scale(2)).Backward();
            gradient = x.Grad!.Item();
            using (device.OpenScope()) { }
        });
        Assert.Equal(2, gradient);
        Tensor mine = Tensor.Full(Shape.Of(1), 3, device).WithGrad();
        Assert.Throws<InvalidOperationException>(mine.Scale(2).Backward);
        scope.Dispose();
        Assert.True(mine.Storage.IsReleased);
        Assert.Equal(6, stranger!.Item());
    }

    // Goes on in a new thread, always; the pool may give back the same one.
    readonly struct AnotherThread : INotifyCompletion
    {
        public bool IsCompleted => false;

        public AnotherThread GetAwaiter() => this;

        public void OnCompleted(Action continuation) => new Thread(() => continuation()).Start();

        public void GetResult()
        {
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_scope_goes_along_with_code_that_awaits(string kind)
    {
        using Device device = Open(kind);
        float[][][] alone = [.. Enumerable.Range(0, Threads).Select(i => Work(device, i, scoped: true))];
        int moved = 0;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(i => Task.Run(async () =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                int thread = Environment.CurrentManagedThreadId;
                Tensor y;
                using (device.OpenScope())
                {
                    Tensor x = Input(device, i, 0);
                    await Task.Yield();
                    y = x.Linear(Input(device, i, 1)).Silu();
                    await new AnotherThread();
                    Compare.SameBits($"task {i}", y.ToArray(), alone[i][0]);
                    if (Environment.CurrentManagedThreadId != thread) Interlocked.Increment(ref moved);
                }
                using DeviceTurn turn = device.TakeTurn(Ended);
                Assert.True(y.Storage.IsReleased);
            }
        }, Ended)));
        Assert.True(moved > 0, "no task went on in another thread");
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void A_scope_that_another_thread_ends_is_no_longer_anybodys()
    {
        using Device device = Device.Cpu(1);
        TensorScope outer = device.OpenScope(), inner = device.OpenScope();
        Tensor x = Tensor.Zeros(Shape.Of(2), device);
        Unrelated(inner.Dispose);
        Assert.True(x.Storage.IsReleased);
        x = Tensor.Zeros(Shape.Of(2), device);
        Assert.False(x.Storage.IsReleased);
        outer.Dispose();
        Assert.True(x.Storage.IsReleased);
        Tensor.Zeros(Shape.Of(2), device);
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void Who_ends_a_scope_does_not_wait()
    {
        using Device device = Device.Cpu(1);
        using (device.TakeTurn(Ended))
        {
            Unrelated(() =>
            {
                using TensorScope empty = device.OpenScope();
            });
        }
        using var ready = new ManualResetEventSlim();
        using var held = new ManualResetEventSlim();
        Tensor? x = null;
        Thread thread = Started(() =>
        {
            using TensorScope scope = device.OpenScope();
            x = Tensor.Zeros(Shape.Of(2), device);
            ready.Set();
            held.Wait(Ended);
        }, waits: false);
        ready.Wait(Ended);
        using (device.TakeTurn(Ended))
        {
            held.Set();
            Assert.True(thread.Join(Patience));
            Assert.False(x!.Storage.IsReleased);
        }
        Assert.True(x.Storage.IsReleased);
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void A_thread_started_in_a_step_is_refused_instead_of_waiting_for_ever()
    {
        using Device device = Device.Cpu(1);
        Tensor x = Tensor.Zeros(Shape.Of(2), device);
        using (TensorScope step = device.OpenStep(Ended))
        {
            var e = Assert.Throws<AggregateException>(() => OnThreads(_ => x.Silu(), count: 1));
            Assert.Contains("compute on the thread that opened the step", e.InnerException!.Message, StringComparison.Ordinal);
            step.EndTurn();
            OnThreads(_ => x.Silu());
        }
        OnThreads(_ => x.Silu());
    }

    [Fact]
    public async Task A_step_that_awaits_is_refused_and_frees_the_device_when_it_ends()
    {
        using Device device = Device.Cpu(1);
        Tensor x = Tensor.Zeros(Shape.Of(2), device);
        Exception? refused = null;
        await Task.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            using TensorScope step = device.OpenStep(Ended);
            while (Environment.CurrentManagedThreadId == thread) await Elsewhere();
            refused = Record.Exception(() => x.Silu());
        }, Ended);
        Assert.Contains("await", Assert.IsType<InvalidOperationException>(refused).Message, StringComparison.Ordinal);
        OnThreads(_ => x.Silu());
    }

    [Fact]
    public void After_its_turn_the_memory_of_a_step_stays_until_it_ends()
    {
        using Device device = Device.Cpu(1);
        Tensor x;
        using (TensorScope step = device.OpenStep(Ended))
        {
            Assert.True(device.HasTurn);
            x = Tensor.Full(Shape.Of(2), 7, device);
            step.EndTurn();
            step.EndTurn();
            Assert.False(device.HasTurn);
            OnThreads(i => Work(device, i, scoped: true));
            Assert.Equal([7, 7], x.ToArray());
        }
        Assert.True(x.Storage.IsReleased);
        Assert.False(device.HasTurn);
    }

    [Fact]
    public void An_error_in_one_thread_ends_its_turn()
    {
        using Device device = Device.Cpu(2);
        OnThreads(i =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                Assert.Throws<ArgumentException>(() =>
                {
                    using TensorScope step = device.OpenStep(Ended);
                    Tensor.Zeros(Shape.Of(2), device).Add(Tensor.Zeros(Shape.Of(3), device));
                });
                Assert.False(device.HasTurn);
            }
        });
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void A_planned_function_serves_threads_and_devices_at_once()
    {
        using Device one = Device.Cpu(1), two = Device.Cpu(1);
        var planned = new PlannedForward<int>((x, times) =>
        {
            for (int i = 0; i < times; i++) x = x.Scale(1.5f).Silu();
            return x.Relu().Add(x);
        });
        float[][] alone = [.. Enumerable.Range(0, Threads).Select(i => Planned(one, i))];
        OnThreads(i =>
        {
            for (int round = 0; round < Rounds; round++) Compare.SameBits($"thread {i}", Planned(i % 2 == 0 ? one : two, i), alone[i]);
        });

        float[] Planned(Device device, int i)
        {
            using TensorScope scope = device.OpenScope();
            return planned.Run(Input(device, i, 0), 1 + i % 3, variant: i % 3).ToArray();
        }
    }

    /// <summary>A result and two gradients, of numbers that belong to one thread.</summary>
    static float[][] Work(Device device, int i, bool scoped)
    {
        using TensorScope? scope = scoped ? device.OpenScope() : null;
        Tensor x = Input(device, i, 0).WithGrad(), w = Input(device, i, 1).WithGrad();
        Tensor y = x.Linear(w).Silu();
        y.Multiply(y).Sum().Backward();
        return [y.ToArray(), x.Grad!.ToArray(), w.Grad!.ToArray()];
    }

    static Tensor Input(Device device, int i, int part)
    {
        Shape shape = part == 0 ? Shape.Of(40 + i, 64) : Shape.Of(64, 48);
        return Tensor.From(new Normals($"thread {i}, part {part}").Floats(shape.Count, 0, 1), shape, device);
    }

    static void OnThreads(Action<int> work, int count = Threads)
    {
        var errors = new ConcurrentQueue<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => Started(() =>
        {
            if (Record.Exception(() => work(i)) is { } e) errors.Enqueue(e);
        }, waits: false))];
        foreach (Thread thread in threads) Assert.True(thread.Join(Patience), "a thread waits for ever");
        if (!errors.IsEmpty) throw new AggregateException(errors);
    }

    static Thread StartWaiting(Device device, int number, ConcurrentQueue<int> order) => Started(() =>
    {
        using DeviceTurn turn = device.TakeTurn(Ended);
        order.Enqueue(number);
    });

    static Thread Started(Action work, bool waits = true)
    {
        var thread = new Thread(() => work());
        thread.Start();
        if (waits) Assert.True(SpinWait.SpinUntil(() => thread.ThreadState is ThreadState.WaitSleepJoin or ThreadState.Stopped, Patience));
        return thread;
    }

    static void Unrelated(Action work)
    {
        using AsyncFlowControl flow = ExecutionContext.SuppressFlow();
        OnThreads(_ => work(), count: 1);
    }

    // Goes on in a thread of its own, as a rule.
    static Task Elsewhere()
    {
        var there = new TaskCompletionSource();
        new Thread(there.SetResult).Start();
        return there.Task;
    }
}
