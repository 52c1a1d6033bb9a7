using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>One forward and backward pass against a file of the float64 model's, whose names begin with a prefix.</summary>
/// <param name="Io">The file.</param>
/// <param name="Prefix">Of outputs and gradients, such as "train.".</param>
/// <param name="Input">The name of the images.</param>
/// <param name="Time">The name of the timesteps.</param>
sealed record GoldenStep(SafetensorsFile Io, string Prefix, string Input, string Time)
{
    const double OutputTolerance = 1e-5, GradientTolerance = 2e-4;

    /// <summary>
    /// True of parameters whose gradient is mathematically zero, so that what is stored is rounding noise. Keys' biases are such: softmax does
    /// not see a shift.
    /// </summary>
    public Func<string, bool> IsZero { get; init; } = name => name.EndsWith("to_k.bias", StringComparison.Ordinal);

    public bool IsTraining { get; init; }

    public void Check(IDenoisingNetwork network, Device device)
    {
        Tensor x = GoldenNetworks.Images(Io, Input, device).WithGrad();
        int[] labels = Io.TryGet("class_labels", out _) ? Array.ConvertAll(Io.ReadIntegers("class_labels"), l => (int)l) : [];
        Tensor output = network.Answer(x, new(GoldenNetworks.Timesteps(Io, Time), labels, IsTraining ? new Philox(0, 0) : null));
        AssertClose("output", Io.ReadDoubles($"{Prefix}output_f64"), GoldenNetworks.Nchw(output), OutputTolerance);
        Tensor loss = output.MeanSquaredError(GoldenNetworks.Images(Io, "target", device));
        if (Io.TryGet($"{Prefix}loss", out _)) AssertClose("loss", Io.ReadDoubles($"{Prefix}loss"), [loss.Item()], OutputTolerance);
        loss.Backward();
        AssertClose("gradient of the input", Io.ReadDoubles($"{Prefix}grad_{Input}"), GoldenNetworks.Nchw(x.Grad!), GradientTolerance);
        string[] gradients = [.. Io.Names.Where(name => name.StartsWith($"{Prefix}grad.", StringComparison.Ordinal)
            || name.StartsWith($"{Prefix}grad_rows8.", StringComparison.Ordinal))];
        Assert.NotEmpty(gradients);
        Assert.Equal(gradients.Length, network.Parameters.Trained.Count(parameter => CheckGradient(parameter, network.Parameters)));
    }

    /// <summary>Whether the running statistics are what the file has as "after.", and the count of batches with them.</summary>
    public void CheckAfter(ParameterSet parameters)
    {
        foreach (Parameter parameter in parameters.Where(parameter => !parameter.IsTrained))
        {
            if (Io.TryGet($"after.{parameter.Name}", out _))
                AssertClose(parameter.Name, Io.ReadDoubles($"after.{parameter.Name}"), parameter.ToTorch(), OutputTolerance);
            else
                Assert.EndsWith("num_batches_tracked", parameter.Name, StringComparison.Ordinal);
        }
    }

    // Of large tensors the file has the first rows, and the sum of all squares.
    bool CheckGradient(Parameter parameter, ParameterSet parameters)
    {
        float[] actual = parameter.ToTorch(parameters.Gradients);
        string name = $"{Prefix}grad.{parameter.Name}", rows = $"{Prefix}grad_rows8.{parameter.Name}";
        if (Io.TryGet(rows, out SafetensorsEntry? entry))
        {
            double squares = Io.ReadDoubles($"{Prefix}grad_sumsq.{parameter.Name}")[0];
            Assert.Equal(squares, actual.Sum(g => (double)g * g), 1e-3 * squares);
            AssertClose(parameter.Name, Io.ReadDoubles(rows), actual[..(int)entry.Count], GradientTolerance);
            return true;
        }
        if (!Io.TryGet(name, out _)) return false;
        double[] expected = Io.ReadDoubles(name);
        if (IsZero(parameter.Name))
            Assert.True(GoldenNetworks.LargestDifference(expected, actual) < 1e-5, parameter.Name);
        else if (parameter.Name.EndsWith("in_proj_bias", StringComparison.Ordinal))
            GoldenNetworks.AssertPackedBias(parameter.Name, expected, actual);
        else
            AssertClose($"gradient of {parameter.Name}", expected, actual, GradientTolerance);
        return true;
    }

    static void AssertClose(string what, double[] expected, float[] actual, double tolerance)
    {
        double error = GoldenNetworks.RelativeError(expected, actual);
        Assert.True(error < tolerance, $"{what}: relative error {error:E2}");
    }
}
