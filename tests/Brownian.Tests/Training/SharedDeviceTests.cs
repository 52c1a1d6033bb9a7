using Brownian.OtherDevice;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Sampling and training from many threads on one device: the bytes are those of one thread alone.</summary>
public sealed class SharedDeviceTests : IDisposable
{
    const int Threads = 8, Images = 50;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static CancellationToken Ended => TestContext.Current.CancellationToken;

    static DiffusionModel Model(Device device, ulong seed = 1, TrainConfig? config = null)
    {
        config ??= TinyRun.Config;
        var description = new ModelDescription { Model = config.Model, Diffusion = config.Diffusion };
        return new DiffusionModel(description, config.Model.CreateNetwork(device, seed), device, hash: "c0ffee");
    }

    // Batches of several sizes and samplers with and without noise and history, so that plans and pools are shared by unlike runs.
    static SampleOptions Options(int thread) => new()
    {
        Count = Images,
        FirstSeed = (ulong)(1000 * thread),
        BatchSize = 7 + 6 * (thread % 3),
        Sampler = (string[])["ddpm", "ddim", "dpmpp_2m", "heun"] is var names ? names[thread % names.Length] : null,
        Steps = 5,
    };

    static byte[] Draw(ImageSampler sampler, int thread) => DrawUntil(sampler, thread, Ended);

    static byte[] DrawUntil(ImageSampler sampler, int thread, CancellationToken cancel) =>
        [.. sampler.Sample(Options(thread), cancel: cancel).Images.SelectMany(image => image.Pixels)];

    static byte[][] Alone(Func<int, DiffusionModel> model) => [.. Enumerable.Range(0, Threads).Select(i => Draw(new ImageSampler(model(i)), i))];

    static void OnThreads(Action<int> work)
    {
        Task[] tasks = [.. Enumerable.Range(0, Threads).Select(i => Task.Factory.StartNew(() => work(i), Ended, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Assert.True(Task.WaitAll(tasks, (int)Patience.TotalMilliseconds, Ended), "a thread waits for ever");
    }

    public static TheoryData<string> Kinds => ["cpu", "late"];

    static Device Open(string kind) => kind == "cpu" ? Device.Cpu(2) : new LateDevice(1);

    [Theory, MemberData(nameof(Kinds))]
    public void One_sampler_serves_all_threads(string kind)
    {
        using Device device = Open(kind);
        DiffusionModel model = Model(device);
        byte[][] alone = Alone(_ => Model(device)), among = new byte[Threads][];
        var sampler = new ImageSampler(model);
        OnThreads(i => among[i] = Draw(sampler, i));
        Assert.Equal(alone, among);
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void Each_thread_has_a_sampler_of_one_model()
    {
        using Device device = Device.Cpu(2);
        DiffusionModel model = Model(device, config: TinyRun.UNet2D);
        byte[][] alone = Alone(_ => Model(device, config: TinyRun.UNet2D)), among = new byte[Threads][];
        OnThreads(i => among[i] = Draw(new ImageSampler(model), i));
        Assert.Equal(alone, among);
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void Two_models_share_a_device()
    {
        using Device device = Device.Cpu(2);
        DiffusionModel[] models = [Model(device, seed: 1), Model(device, seed: 2, TinyRun.UNet2D)];
        byte[][] alone = Alone(i => models[i % 2]), among = new byte[Threads][];
        OnThreads(i => among[i] = Draw(new ImageSampler(models[i % 2]), i));
        Assert.Equal(alone, among);
        Assert.NotEqual(alone[0], alone[4 + 1]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Sampling_while_training_changes_neither(string kind)
    {
        using Device device = Open(kind);
        TrainConfig config = TinyRun.Config.With("train_params.sample_steps=5", "train_params.gradient_accumulation=2");
        RunDirectory alone = Run("alone", config), among = Run("among", config);
        using (Device own = Open(kind)) new Trainer(config, own).Run(alone, cancel: Ended);
        byte[][] images = Alone(_ => Model(device)), drawn = new byte[Threads][];
        DiffusionModel model = Model(device);
        OnThreads(i =>
        {
            if (i == 0) new Trainer(config, device).Run(among, cancel: Ended);
            else drawn[i] = Draw(new ImageSampler(model), i);
        });
        Assert.Equal(images[1..], drawn[1..]);
        foreach (long step in (long[])[8, 12]) Assert.Equal(TinyRun.StateAfter(alone, step), TinyRun.StateAfter(among, step));
        foreach (string grid in Directory.EnumerateFiles(alone.SamplesPath))
            Assert.Equal(File.ReadAllBytes(grid), File.ReadAllBytes(Path.Combine(among.SamplesPath, Path.GetFileName(grid))));
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void Two_trainings_share_a_device()
    {
        using Device device = Device.Cpu(2);
        TrainConfig[] configs = [TinyRun.Config, TinyRun.UNet2D];
        RunDirectory[] alone = [Run("a", configs[0]), Run("b", configs[1])], among = [Run("c", configs[0]), Run("d", configs[1])];
        for (int i = 0; i < 2; i++) new Trainer(configs[i], device).Run(alone[i], cancel: Ended);
        OnThreads(i =>
        {
            if (i < 2) new Trainer(configs[i], device).Run(among[i], cancel: Ended);
        });
        for (int i = 0; i < 2; i++) Assert.Equal(TinyRun.StateAfter(alone[i], 12), TinyRun.StateAfter(among[i], 12));
    }

    [Fact]
    public async Task Async_callers_get_the_same_images()
    {
        using Device device = Device.Cpu(2);
        var sampler = new ImageSampler(Model(device));
        byte[][] alone = Alone(_ => Model(device));
        byte[][] among = await Task.WhenAll(Enumerable.Range(0, Threads).Select(i => Task.Run(async () =>
        {
            await Task.Yield();
            byte[] first = Draw(sampler, i);
            await Task.Delay(1, Ended);
            byte[] second = await Task.Run(() => Draw(sampler, i), Ended);
            Assert.Equal(first, second);
            return second;
        }, Ended))).WaitAsync(Patience, Ended);
        Assert.Equal(alone, among);
    }

    [Fact]
    public void Who_is_cancelled_while_waiting_stops_and_disturbs_nobody()
    {
        using Device device = Device.Cpu(1);
        DiffusionModel model = Model(device);
        byte[] alone = Draw(new ImageSampler(model), 0);
        using var cancel = new CancellationTokenSource();
        Exception? thrown = null;
        using (DeviceTurn turn = device.TakeTurn(Ended))
        {
            var waiting = new Thread(() => thrown = Record.Exception(() => DrawUntil(new ImageSampler(model), 1, cancel.Token)));
            waiting.Start();
            Assert.True(SpinWait.SpinUntil(() => waiting.ThreadState == ThreadState.WaitSleepJoin, Patience));
            cancel.Cancel();
            Assert.True(waiting.Join(Patience));
        }
        Assert.IsType<OperationCanceledException>(thrown, exactMatch: false);
        Assert.Equal(alone, Draw(new ImageSampler(model), 0));
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void A_training_that_is_cancelled_while_waiting_saves_and_returns()
    {
        using Device device = Device.Cpu(1);
        RunDirectory run = Run("waits", TinyRun.Config);
        using var cancel = new CancellationTokenSource();
        using var twoSteps = new ManualResetEventSlim();
        var held = new Thread(() =>
        {
            twoSteps.Wait(Ended);
            using DeviceTurn turn = device.TakeTurn(Ended);
            Thread.Sleep(100);      // by now it waits
            cancel.Cancel();
            Thread.Sleep(100);
        });
        held.Start();
        TrainResult result = new Trainer(TinyRun.Config, device).Run(run, new Direct(p =>
        {
            if (p is not TrainProgress.Stepped { Metrics.Step: 2 }) return;
            twoSteps.Set();
            Thread.Sleep(50);
        }), cancel.Token);
        Assert.True(held.Join(Patience));
        Assert.False(result.IsComplete);
        Assert.Equal([result.Step], new CheckpointStore(run.CheckpointsPath).Steps());
        Assert.Equal(2, result.Step);
    }

    [Fact]
    public void An_exception_in_one_leaves_the_others_right()
    {
        using Device device = Device.Cpu(2);
        DiffusionModel model = Model(device);
        byte[][] alone = Alone(_ => model), among = new byte[Threads][];
        OnThreads(i =>
        {
            if (i % 2 == 0)
            {
                among[i] = Draw(new ImageSampler(model), i);
                return;
            }
            var broken = new ImageSampler(model)
            {
                OnStep = step =>
                {
                    if (step.Index == 2) throw new TimeZoneNotFoundException();
                },
            };
            for (int again = 0; again < 5; again++) Assert.Throws<TimeZoneNotFoundException>(() => Draw(broken, i));
            among[i] = alone[i];
        });
        Assert.Equal(alone, among);
        Assert.Equal(0, device.Memory.Live);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_callback_may_sample(bool onAnotherThread)
    {
        using Device device = Device.Cpu(2);
        DiffusionModel model = Model(device);
        byte[][] alone = Alone(_ => model), among = new byte[Threads][];
        OnThreads(i =>
        {
            var inner = new ImageSampler(model);
            var outer = new ImageSampler(model)
            {
                OnStep = step =>
                {
                    float[] before = step.X0.ToArray();
                    int other = (i + 1) % Threads;
                    byte[] drawn = onAnotherThread ? Task.Run(() => Draw(inner, other), Ended).GetAwaiter().GetResult() : Draw(inner, other);
                    Assert.Equal(alone[other], drawn);
                    Assert.Equal(before, step.X0.ToArray());
                },
            };
            SampleOptions first = Options(i) with { Count = Options(i).BatchSize };
            byte[] pixels = [.. outer.Sample(first, new Reported(() => Draw(inner, i)), Ended).Images.SelectMany(image => image.Pixels)];
            among[i] = [.. pixels, .. alone[i].Skip(pixels.Length)];
        });
        Assert.Equal(alone, among);
        Assert.Equal(0, device.Memory.Live);
    }

    [Fact]
    public void Steps_alternate_so_that_nobody_waits_for_a_whole_sampling()
    {
        using Device device = Device.Cpu(1);
        DiffusionModel model = Model(device);
        var order = new System.Collections.Concurrent.ConcurrentQueue<int>();
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
            new ImageSampler(model) { OnStep = _ => order.Enqueue(i) }.Sample(new() { Count = 4, Sampler = "ddpm", Steps = 10 })))];
        using (DeviceTurn turn = device.TakeTurn(Ended))
        {
            foreach (Thread thread in threads)
            {
                thread.Start();
                Assert.True(SpinWait.SpinUntil(() => thread.ThreadState == ThreadState.WaitSleepJoin, Patience));
            }
        }
        foreach (Thread thread in threads) Assert.True(thread.Join(Patience));
        int[] steps = [.. order];
        int longest = 1;
        for (int i = 1, run = 1; i < steps.Length; i++) longest = Math.Max(longest, run = steps[i] == steps[i - 1] ? run + 1 : 1);
        Assert.True(longest <= 3, $"one sampling took {longest} steps in a row: {string.Join("", steps)}");
    }

    RunDirectory Run(string name, TrainConfig config) => RunDirectory.Create(_folder.Path(name), config);

    sealed class Reported(Action then) : IProgress<SampleProgress>
    {
        public void Report(SampleProgress value) => then();
    }

    sealed class Direct(Action<TrainProgress> report) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => report(value);
    }
}
