using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The small model that comes with the program, so that there is something to sample from before anything was trained.</summary>
static class ShippedModel
{
    /// <summary>What <c>--model</c> calls it, and the name of its folder.</summary>
    public const string Name = "digits";

    /// <summary>Where it lies, beside the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "models", Name);

    /// <exception cref="InvalidDataException">It is missing or damaged.</exception>
    public static DiffusionModel Open(Device device)
    {
        try
        {
            return ModelFolder.Load(Folder, device);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new InvalidDataException(
                $"the model that comes with the program cannot be read: {e.Message.TrimEnd('.')}; install or build the program again, or give --model.", e);
        }
    }
}
