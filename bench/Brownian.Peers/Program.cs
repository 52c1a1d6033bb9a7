using Brownian.Peers;
using Brownian.Training;

TorchLibrary.Load();
foreach (string config in args)
{
    try { Console.WriteLine($"{config}: {Equality.Of(TrainConfig.Load(config).Model, "/tmp/peer.onnx")}"); }
    catch (Exception e) { Console.WriteLine($"{config}: {e}"); }
}
