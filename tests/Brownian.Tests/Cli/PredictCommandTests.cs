using Brownian.Cli;
using Brownian.Nn;

namespace Brownian.Tests;

public sealed class PredictCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("small")]
    [InlineData("small2")]
    public void An_imported_model_predicts_what_pytorch_does(string name)
    {
        string golden = Fixtures.Golden($"seed_unet/{name}");
        string model = _line.At("models", "imported"), input = _line.At("in.safetensors"), output = _line.At("out.safetensors");
        CommandResult imported = CommandLine.Run(
            "import", "--config", Path.Combine(golden, "config.yaml"), "--weights", Path.Combine(golden, "weights.safetensors"),
            "--out", model);
        Assert.Equal(("", ExitCode.Success), (imported.Error, imported.Code));

        using SafetensorsFile io = SafetensorsFile.Read(Path.Combine(golden, "io.safetensors"));
        var writer = new SafetensorsWriter();
        writer.Add("sample", io["x"].Shape, io.ReadFloats("x"));
        writer.Add("timestep", io["t"].Shape, io.ReadIntegers("t"));
        writer.Write(input);
        CommandResult result = Predict(model, input, output);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));

        using SafetensorsFile predicted = SafetensorsFile.Read(output);
        Assert.Equal(["output"], predicted.Names);
        Assert.Equal(SafetensorsType.F32, predicted["output"].Type);
        Assert.Equal(io["output"].Shape, predicted["output"].Shape);
        double[] expected = io.ReadDoubles("output_f64"), actual = predicted.ReadDoubles("output");
        double largest = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(worst <= 1e-4 * largest, $"worst difference {worst}, largest output {largest}");
    }

    static readonly float[] WithNaN = [1, float.NaN];
    static readonly long[] Equal = [5, 5], Differing = [5, 6];
    static readonly double[] EqualDoubles = [5, 5];
    static readonly int[] Five = [5];

    [Fact]
    public void A_timestep_may_be_one_number_or_one_each_integer_or_not()
    {
        string run = _line.TrainedRun();
        float[] sample = [.. Enumerable.Range(0, 128).Select(i => MathF.Sin(i))];
        float[] Output(string name, Action<SafetensorsWriter> addTimestep)
        {
            var writer = new SafetensorsWriter();
            writer.Add("sample", [2, 1, 8, 8], sample);
            addTimestep(writer);
            writer.Write(_line.At($"{name}-in"));
            CommandResult result = Predict(run, _line.At($"{name}-in"), _line.At($"{name}-out"));
            Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
            using SafetensorsFile file = SafetensorsFile.Read(_line.At($"{name}-out"));
            Assert.Equal([2, 1, 8, 8], file["output"].Shape);
            return file.ReadFloats("output");
        }
        float[] expected = Output("each", w => w.Add("timestep", [2], Equal));
        Assert.Equal(expected, Output("scalar", w => w.Add("timestep", [], new long[] { 5 })));
        Assert.Equal(expected, Output("one", w => w.Add("timestep", [1], Five)));
        Assert.Equal(expected, Output("float", w => w.Add("timestep", [], new float[] { 5 })));
        Assert.Equal(expected, Output("double", w => w.Add("timestep", [2], EqualDoubles)));
        float[] other = Output("differ", w => w.Add("timestep", [2], Differing));
        Assert.Equal(expected[..64], other[..64]);
        Assert.NotEqual(expected[64..], other[64..]);
    }

    [Fact]
    public void An_image_that_cannot_be_halved_is_answered_in_its_own_size()
    {
        Input("in", [1, 1, 7, 5], [1]);
        CommandResult result = Predict(_line.TrainedRun(), _line.At("in"), _line.At("out"));
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        using SafetensorsFile file = SafetensorsFile.Read(_line.At("out"));
        Assert.Equal([1, 1, 7, 5], file["output"].Shape);
    }

    [Fact]
    public void A_run_and_its_model_folder_predict_alike()
    {
        string run = _line.TrainedRun();
        Input("in", [1, 1, 8, 8], [1]);
        Predict(run, _line.At("in"), _line.At("a"));
        Predict(Path.Combine(run, "model"), _line.At("in"), _line.At("b"));
        Assert.Equal(File.ReadAllBytes(_line.At("a")), File.ReadAllBytes(_line.At("b")));
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_named_with_what_would()
    {
        string run = _line.TrainedRun();
        void Refuse(string name, Action<SafetensorsWriter> fill, params string[] named)
        {
            var writer = new SafetensorsWriter();
            fill(writer);
            string path = _line.At(name);
            writer.Write(path);
            Predict(run, path, _line.At("out")).IsBadInput([path, .. named]);
        }
        float[] images = new float[128];
        long[] two = [1, 1];
        Refuse("no-sample", w => w.Add("timestep", [2], two), "no tensor", "sample");
        Refuse("no-timestep", w => w.Add("sample", [2, 1, 8, 8], images), "no tensor", "timestep");
        Refuse("rank", w => { w.Add("sample", [2, 8, 8], images); w.Add("timestep", [2], two); }, "sample", "[2, 8, 8]");
        Refuse("channels", w => { w.Add("sample", [1, 2, 8, 8], images); w.Add("timestep", [1], new long[1]); }, "sample", "2 channels");
        Refuse("empty", w => { w.Add("sample", [0, 1, 8, 8], Array.Empty<float>()); w.Add("timestep", [], new long[1]); }, "sample");
        Refuse("type", w => { w.Add("sample", [2, 1, 8, 8], new int[128]); w.Add("timestep", [2], two); }, "sample", "I32");
        Refuse("count", w => { w.Add("sample", [2, 1, 8, 8], images); w.Add("timestep", [3], new long[3]); }, "timestep", "[3]", "2");
        Refuse("nan", w => { w.Add("sample", [2, 1, 8, 8], images); w.Add("timestep", [2], WithNaN); }, "timestep[1]");
        Refuse(
            "labels", w => { w.Add("sample", [2, 1, 8, 8], images); w.Add("timestep", [2], two); w.Add("class_labels", [2], two); },
            "class_labels");
        Assert.False(File.Exists(_line.At("out")));
    }

    [Fact]
    public void What_is_not_finite_is_refused_and_a_timestep_never_learned_is_told()
    {
        string run = _line.TrainedRun(), output = _line.At("out");
        void With(string name, float value, long timestep)
        {
            var writer = new SafetensorsWriter();
            writer.Add("sample", [1, 1, 8, 8], Enumerable.Repeat(value, 64).ToArray());
            writer.Add("timestep", [], new[] { timestep });
            writer.Write(_line.At(name));
        }
        With("nan", float.NaN, 1);
        With("huge", 1e38f, 1);
        With("late", 0, 10);
        Predict(run, _line.At("nan"), output).IsBadInput(_line.At("nan"), "sample holds NaN in image 0");
        Predict(run, _line.At("huge"), output).IsBadInput(_line.At("huge"), "answer is not finite");
        Assert.False(File.Exists(output));
        CommandResult late = Predict(run, _line.At("late"), output);
        Assert.Equal(ExitCode.Success, late.Code);
        Assert.Contains("timestep is 10, but the model learned 0 to 9", late.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void An_existing_output_is_kept_unless_forced()
    {
        string run = _line.TrainedRun(), output = _line.Write("out", "mine");
        Input("in", [1, 1, 8, 8], [1]);
        Predict(run, _line.At("in"), output).IsBadInput(output, "--force");
        Assert.Equal("mine", File.ReadAllText(output));
        Assert.Equal(ExitCode.Success, Predict(run, _line.At("in"), output, "--force").Code);
        SafetensorsFile.Read(output).Dispose();
    }

    void Input(string name, long[] shape, long[] timestep)
    {
        var writer = new SafetensorsWriter();
        writer.Add("sample", shape, new float[shape.Aggregate((a, b) => a * b)]);
        writer.Add("timestep", [timestep.Length], timestep);
        writer.Write(_line.At(name));
    }

    static CommandResult Predict(string model, string input, string output, params string[] options) =>
        CommandLine.Run(["predict", "--model", model, "--input", input, "--output", output, .. options]);
}
