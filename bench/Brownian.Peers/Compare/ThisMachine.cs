using System.Diagnostics;
using System.Reflection;

namespace Brownian.Peers;

/// <summary>What the measurements are of.</summary>
static class ThisMachine
{
    static readonly (string Flag, string Name)[] InstructionSets =
        [("amx_tile", "AMX"), ("avx512_bf16", "AVX-512 bfloat16"), ("avx512f", "AVX-512"), ("avx2", "AVX2"), ("asimd", "Neon")];

    /// <summary>The processor's name, cores and the widest vector instructions, from the kernel where it tells.</summary>
    public static Machine Read()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string Fact(string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "";
        string[] flags = (Fact("flags") + Fact("Features")).Split(' ');
        return new Machine(Fact("model name"), Environment.ProcessorCount, string.Join(", ", InstructionSets.Where(set => flags.Contains(set.Flag)).Select(set => set.Name)));
    }

    /// <summary>Of the contestants.</summary>
    public static IEnumerable<(string Name, string Version)> Versions()
    {
        yield return (BrownianContestant.Name, $"0.1.0 ({Commit()})");
        yield return (PeerContestant.Torch, $"{VersionOf(typeof(TorchSharp.torch))} with libtorch 2.10.0");
        yield return (PeerContestant.Onnx, VersionOf(typeof(Microsoft.ML.OnnxRuntime.InferenceSession)));
    }

    static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? $"{type.Assembly.GetName().Version}";

    static string Commit()
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", ["-C", Network.Root, "rev-parse", "--short", "HEAD"]) { RedirectStandardOutput = true })!;
            return git.StandardOutput.ReadToEnd().Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "no git";
        }
    }
}
