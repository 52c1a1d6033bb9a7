// Draws images for a browser: /image?seed=7 is a PNG, /image?seed=7&label=3 one of a class, /progress?seed=7 tells of each step while it draws.
//   dotnet run -c Release --project examples/ImageServer -- --model models/digits --urls http://localhost:5000
using Brownian;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
DiffusionModel model = DiffusionModel.Open(builder.Configuration["model"] ?? "models/digits");
WebApplication app = builder.Build();

app.MapGet("/image", async (ulong seed, int? label, double? guidance, CancellationToken cancel) =>
{
    try
    {
        SampledImages images = await model.SampleAsync(One(seed, label) with { Guidance = guidance }, cancel: cancel);
        return Results.Bytes(images.EncodePng(0), "image/png");
    }
    catch (ArgumentException e)
    {
        return Results.BadRequest(e.Message);       // a class or a guidance that the model does not have
    }
});

app.MapGet("/progress", (ulong seed, int? label, CancellationToken cancel) => TypedResults.ServerSentEvents(Share(One(seed, label), cancel)));

app.Run();

static SampleOptions One(ulong seed, int? label) => new() { Seeds = [seed], Classes = label is { } known ? [known] : null };

async IAsyncEnumerable<string> Share(SampleOptions options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
{
    await foreach (SamplingProgress progress in model.FollowSamplingAsync(options, cancel))
        yield return progress is SamplingProgress.Stepped step ? $"{step.Done} of {step.Count}" : "done";
}
