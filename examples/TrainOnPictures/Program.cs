// Trains on a folder of pictures for some minutes, then draws sixteen new ones. Ctrl-C saves; give the run in place of the folder to go on.
//   dotnet run -c Release --project examples/TrainOnPictures -- photos 20
using System.Globalization;
using Brownian;

(string source, double minutes) = (args is [var first, ..] ? first : "digits", args is [_, var second] ? double.Parse(second, CultureInfo.InvariantCulture) : 3);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};

RunDirectory run = RunDirectory.IsRun(source)
    ? RunDirectory.Open(source)
    : RunDirectory.Create("runs", TrainConfig.For(source).Lasting(TimeSpan.FromMinutes(minutes)));
Console.WriteLine($"training in {run.FullPath}");
await foreach (TrainProgress progress in new Trainer(run.Config).FollowAsync(run, stop.Token))
{
    string? line = progress switch
    {
        TrainProgress.Planned { Forecast: var forecast } => $"about {forecast.Total:h\\:mm\\:ss}",
        TrainProgress.Stepped { Metrics.Step: var step, TotalSteps: var total, SmoothedLoss: var loss } when step % 10 == 0 => $"step {step}/{total}, loss {loss:0.0000}",
        TrainProgress.Sampled { Path: var path } => $"samples in {path}",
        TrainProgress.Warning { Message: var message } => $"warning: {message}",
        TrainProgress.Finished { Result.IsComplete: false } => $"saved; to go on: give {run.FullPath}",
        _ => null,
    };
    if (line is not null) Console.WriteLine(line);
}
if (stop.IsCancellationRequested) return;

SampledImages images = await DiffusionModel.Open(run.FullPath).SampleAsync(new() { Count = 16, FirstSeed = 1000 }, cancel: stop.Token);
string grid = Path.Combine(run.FullPath, "sixteen.png");
images.WriteGrid(grid, columns: 4, overwrite: true);
Console.WriteLine($"wrote {grid}");
