using System.Reflection;

namespace Quoin.Server.Telemetry;

/// <summary>What this build calls itself.</summary>
internal static class Product
{
    public static readonly string Version =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "0.0.0";
}
