using System.Runtime.InteropServices;

namespace Brownian.Peers;

/// <summary>Loads libtorch and TorchSharp's shim; to be called before the first use of <c>torch</c>.</summary>
static class TorchLibrary
{
    const string Shim = "libLibTorchSharp.so";

    // TorchSharp 0.107's shim asks for this version of libstdc++ (GCC 13) for one symbol, std::ios_base_library_init, which only holds
    // the linker to that version: nothing calls it. Debian 12 and Ubuntu 22.04 have older ones.
    const string TooNew = "GLIBCXX_3.4.32";

    /// <exception cref="DllNotFoundException">A library cannot be loaded; the message says why.</exception>
    public static void Load()
    {
        string libtorch = AppContext.GetData("Brownian.Peers.Libtorch") as string ?? AppContext.BaseDirectory;
        foreach (string name in (string[])["libtorch_cpu.so", "libtorch.so"]) NativeLibrary.Load(Path.Combine(libtorch, name));
        string shim = Path.Combine(AppContext.BaseDirectory, Shim);
        if (NativeLibrary.TryLoad(shim, out _)) return;
        Weaken(shim);
        NativeLibrary.Load(shim);
    }

    // In the program's own folder: the package's file stays as it is. Written aside and renamed, as another process may do the same.
    static void Weaken(string shim)
    {
        byte[] bytes = File.ReadAllBytes(shim);
        if (VersionNeed.Weaken(bytes, TooNew) == 0) return;
        string aside = $"{shim}.{Environment.ProcessId}";
        File.WriteAllBytes(aside, bytes);
        File.Move(aside, shim, overwrite: true);
    }
}
