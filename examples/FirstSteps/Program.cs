using Brownian;

TrainConfig config = TrainConfig.Default.Lasting(steps: 3);     // a few readable digits need 300
RunDirectory run = RunDirectory.Create("runs", config);
await foreach (TrainProgress progress in new Trainer(config).FollowAsync(run))
{
    if (progress is TrainProgress.Stepped step) Console.WriteLine($"step {step.Metrics.Step} of {step.TotalSteps}: loss {step.SmoothedLoss:0.000}");
}

DiffusionModel model = DiffusionModel.Open(run.FullPath);
SampledImages images = await model.SampleAsync(new() { Count = 4, Sampling = SampleParams.Of(new HeunSampler { Steps = 10 }) });
await File.WriteAllBytesAsync("digits.png", images.EncodeGrid(columns: 2));
