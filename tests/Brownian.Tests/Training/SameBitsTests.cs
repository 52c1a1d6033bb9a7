using System.Security.Cryptography;
using Brownian.Cli;

namespace Brownian.Tests;

/// <summary>
/// Two training steps of every network and a few images of every sampler, compared by hash with what earlier versions computed: code may be
/// rearranged, but a seed keeps its results to the bit, on every instruction set. Everything goes through files and the command line, so that
/// no renamed type touches this file. A change that is meant to alter results replaces the hashes that it alters, and says why.
/// </summary>
public sealed class SameBitsTests(SameBitsTests.TrainedModel trained) : IClassFixture<SameBitsTests.TrainedModel>, IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tutorial_unet", "32de066da3fa680b", "56440c27a7a99f42", "c6d2cb0aac17cd7c", "e7ccd8c5f58e7b98")]
    [InlineData("unet2d", "d4fd67eb69f5f5e8", "2293e9fd84efc46b", "dae1c8bd5e2f487a", "de04a23eaf8fd502")]
    [InlineData("plain_unet", "d8c1a58d09b7c90c", "9d6ace89a97448d8", "814303d1ec35b3d2", "b73f633205c25c00")]
    [InlineData("residual_unet", "3df6c574924329fd", "71b6454bea7dfe50", "31532ee97b2e4dcb", "300cd300f70381b7")]
    [InlineData("simple_unet", "0ada602198ad510c", "8000e38c0141f4e6", "0177d2a1bf9c91e5", "fc12bbcc835daea5")]
    public void Two_steps_and_the_images_after_them_stay_as_they_were(string network, string weights, string average, string moments, string images)
    {
        string run = Train(_folder, network), checkpoint = Path.Combine(run, "checkpoints", "step-00000002");
        Assert.Equal(
            (weights, average, moments, images),
            (HashOf(checkpoint, "weights.safetensors"), HashOf(checkpoint, "ema.safetensors"), HashOf(checkpoint, "optimizer.safetensors"),
                Sample(_folder, run)));
    }

    [Theory]
    [InlineData("e7ccd8c5f58e7b98", "ddpm")]
    [InlineData("af867a971f4a357b", "ddpm", "--steps", "7", "--variance", "large", "--no-clip")]
    [InlineData("5a1674da6ac31ff3", "ddim", "--steps", "5", "--eta", "0.5")]
    [InlineData("b1263293aec7d975", "pndm", "--steps", "8")]
    [InlineData("26f6db406989af7c", "plms", "--steps", "6", "--spacing", "linspace")]
    [InlineData("b261163fea0c3d68", "euler", "--steps", "5", "--churn", "2")]
    [InlineData("6dad43993af9985f", "euler_a", "--steps", "5")]
    [InlineData("05b07c6446a29973", "heun", "--steps", "5", "--thresholding", "1.5")]
    [InlineData("fcb5a5a8b7f3edfa", "edm", "--steps", "5")]
    [InlineData("de5377339fa32e2b", "dpm_2", "--steps", "5")]
    [InlineData("0ee502cdbb22275a", "dpm_2_a", "--steps", "5", "--eta", "0.7")]
    [InlineData("e561ba6b12c0dd9c", "lms", "--steps", "6", "--order", "3")]
    [InlineData("47acb0f5f26999ce", "dpmpp_2m", "--steps", "5", "--curve", "karras")]
    [InlineData("26d3b535c604d464", "dpmpp_3m", "--steps", "6", "--curve", "exponential")]
    [InlineData("f3703459f1fa15e0", "dpmpp_2m_sde", "--steps", "5")]
    [InlineData("f77ea4dfeada4493", "dpmpp_3m_sde", "--steps", "6")]
    [InlineData("be19f6b3d5d1206e", "dpmpp_2s", "--steps", "5")]
    [InlineData("ffb596c16c1bf74f", "dpmpp_3s", "--steps", "7")]
    [InlineData("740883abb1cb37cd", "dpmpp_2s_a", "--steps", "5")]
    [InlineData("8e0e28fc036fe12a", "dpmpp_sde", "--steps", "5")]
    [InlineData("4042aa72c9d70e75", "dpm_solver_2m", "--steps", "5")]
    [InlineData("8e8c1dd9cbd0fd05", "deis", "--steps", "5")]
    [InlineData("861deae02d591200", "unipc", "--steps", "5")]
    [InlineData("fe11f856a8b40c41", "consistency", "--steps", "4")]
    public void Images_of_every_sampler_stay_as_they_were(string images, params string[] sampler) =>
        Assert.Equal(images, Sample(_folder, trained.Path, ["--sampler", .. sampler]));

    [Theory]
    [InlineData("023d703919f87ad9")]
    [InlineData("288e86ecf0d24e06", "--class", "3,5", "--guidance", "2.5", "--eta", "0")]
    public void Images_of_an_earlier_versions_model_stay_as_they_were(string images, params string[] options) =>
        Assert.Equal(images, Sample(_folder, EarlierFilesTests.At("model"), options));

    /// <summary>The hash of four images.</summary>
    static string Sample(ScratchFolder folder, string model, params string[] options)
    {
        string array = folder.Path("images.npy");
        Succeed(["sample", "--model", model, "--seeds", "3-6", "--npy", array, "--out", folder.Path("grid.png"), "--threads", "1", .. options]);
        return HashOf(array);
    }

    static string Train(ScratchFolder folder, string network)
    {
        Succeed("train", "--config", EarlierFilesTests.At("configurations", $"{network}.yaml"), "--runs", folder.Path("runs"));
        return Assert.Single(Directory.GetDirectories(folder.Path("runs")));
    }

    static void Succeed(params string[] args)
    {
        CommandResult result = CommandLine.Run(args);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
    }

    // Sixteen of its digits tell any two results apart.
    static string HashOf(params string[] path) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(path))))[..16];

    /// <summary>A run that every sampler draws from.</summary>
    public sealed class TrainedModel : IDisposable
    {
        readonly ScratchFolder _folder = new();

        public TrainedModel() => Path = Train(_folder, "tutorial_unet");

        public string Path { get; }

        public void Dispose() => _folder.Dispose();
    }
}
