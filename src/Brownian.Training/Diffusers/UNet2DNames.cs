using System.Text.RegularExpressions;

namespace Brownian.Training;

/// <summary>Names in the state dict of diffusers' <c>UNet2DModel</c>.</summary>
static partial class UNet2DNames
{
    /// <summary>The name that a tensor has today: files of 2022 call the four projections of attention otherwise.</summary>
    public static string Modern(string name) => Attention().Match(name) is { Success: true } match
        ? $"{match.Groups[1].Value}.{Projection(match.Groups[2].Value)}.{match.Groups[3].Value}"
        : name;

    static string Projection(string old) => old switch
    {
        "query" => "to_q",
        "key" => "to_k",
        "value" => "to_v",
        _ => "to_out.0",
    };

    [GeneratedRegex(@"^(.*attentions\.\d+)\.(query|key|value|proj_attn)\.(weight|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Attention();
}
