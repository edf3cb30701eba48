namespace Quoin.Server.Configuration;

/// <summary>Placeholder of the binder's entry point.</summary>
internal static class ConfigurationLoader
{
}
