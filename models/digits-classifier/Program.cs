using System.Diagnostics;
using System.Globalization;
using Brownian.TrainDigits;

if (args.Length is not (2 or 3) || (args is [_, _, var last] && !ulong.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
{
    Console.Error.WriteLine("Trains the classifier of digits: give the folder of MNIST's four files, the file that the weights go to, and a seed if it is to be another than 1.");
    return 2;
}
try
{
    var settings = new DigitsTraining();
    Train(data: args[0], target: Path.GetFullPath(args[1]), args is [_, _, var seed] ? settings with { Seed = ulong.Parse(seed, CultureInfo.InvariantCulture) } : settings);
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static void Train(string data, string target, DigitsTraining settings)
{
    if (!Directory.Exists(Path.GetDirectoryName(target))) throw new IOException($"{target}: there is no such folder; make it first.");
    using IdxDataset training = IdxDataset.Open(data), test = IdxDataset.Open(Accuracy.TestImagesIn(data));
    using Device device = Device.Cpu();
    var network = new DigitsClassifier();
    Console.WriteLine($"{training.Description}; {network.Parameters.Count:N0} parameters; {device.Name}");
    var watch = Stopwatch.StartNew();
    settings.Run(network, training, device, (epoch, loss) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {epoch + 1} of {settings.Epochs}: loss {loss:F4}, {watch.Elapsed.TotalSeconds:F0} s")));
    network.Write(target, new Dictionary<string, string> { ["licence"] = "MIT", ["settings"] = settings.ToString() });
    using var written = new DigitsNetwork(device, File.ReadAllBytes(target));
    Console.WriteLine($"{Path.GetFileName(target)}, {new FileInfo(target).Length:N0} bytes: {Accuracy.Right(written, test, device):N0} of {test.Count:N0} test images right");
}
