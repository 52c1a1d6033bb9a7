using System.Reflection;

namespace Brownian.Training;

/// <summary>How files say what made them.</summary>
static class ProgramVersion
{
    /// <summary>"Brownian 0.1.0"</summary>
    public static string Text { get; } = "Brownian " + typeof(ProgramVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
