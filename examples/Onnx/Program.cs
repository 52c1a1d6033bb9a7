// Draws images with a model that `brownian export --format onnx` wrote, by ONNX Runtime alone: no line of Brownian runs here.
//   dotnet run -c Release --project examples/Onnx -- FOLDER image.ppm [label]
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

(string folder, string target) = (args[0], args[1]);
JsonElement sampling = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "sampling.json"))).RootElement;
JsonElement[] steps = [.. sampling.GetProperty("steps").EnumerateArray()];
int[] extents = [.. sampling.GetProperty("inputs").GetProperty("sample").EnumerateArray().Skip(1).Select(extent => extent.GetInt32())];
(int channels, int height, int width) = (extents[0], extents[1], extents[2]);
float clip = sampling.GetProperty("clip") is { ValueKind: JsonValueKind.Number } limit ? limit.GetSingle() : float.MaxValue;
bool hasLabels = sampling.GetProperty("inputs").TryGetProperty("label", out _);
long label = args.Length > 2 ? long.Parse(args[2]) : 0;

using var session = new InferenceSession(Path.Combine(folder, "model.onnx"));
using var options = new RunOptions();
float[] x = new float[channels * height * width], seen = new float[x.Length];
var random = new Random(1);
for (int i = 0; i < x.Length; i++) x[i] = Of(steps[0], "sigma") * Normal();
for (int step = 0; step + 1 < steps.Length; step++)
{
    for (int i = 0; i < x.Length; i++) seen[i] = Of(steps[step], "input_scale") * x[i];
    using var sample = OrtValue.CreateTensorValueFromMemory(seen, [1, channels, height, width]);
    using var timestep = OrtValue.CreateTensorValueFromMemory(new[] { Of(steps[step], "timestep") }, [1]);
    using var labels = OrtValue.CreateTensorValueFromMemory(new[] { label }, [1]);
    Dictionary<string, OrtValue> inputs = new() { ["sample"] = sample, ["timestep"] = timestep };
    if (hasLabels) inputs["label"] = labels;
    using IDisposableReadOnlyCollection<OrtValue> answer = session.Run(options, inputs, ["prediction"]);
    ReadOnlySpan<float> prediction = answer[0].GetTensorDataAsSpan<float>();
    for (int i = 0; i < x.Length; i++)
    {
        float x0 = Math.Clamp(Of(steps[step], "x0_of_sample") * x[i] + Of(steps[step], "x0_of_prediction") * prediction[i], -clip, clip);
        float noise = (x[i] - Of(steps[step], "alpha") * x0) / Of(steps[step], "sigma");
        x[i] = Of(steps[step + 1], "alpha") * x0 + Of(steps[step + 1], "sigma") * noise;
    }
}

// A PPM, which needs no library: planes of numbers from -1 to 1 become pixels of three bytes.
byte[] pixels = [.. Enumerable.Range(0, height * width).SelectMany(pixel => Enumerable.Range(0, 3).Select(channel => Byte(x[Math.Min(channel, channels - 1) * height * width + pixel])))];
File.WriteAllBytes(target, [.. System.Text.Encoding.ASCII.GetBytes($"P6 {width} {height} 255\n"), .. pixels]);
Console.WriteLine($"wrote {target}: {width}×{height}, {steps.Length - 1} steps");

float Of(JsonElement step, string name) => step.GetProperty(name).GetSingle();
float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
byte Byte(float value) => (byte)Math.Clamp(Math.Round(127.5 * (value + 1)), 0, 255);
