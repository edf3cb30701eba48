namespace Quoin.Server.Gateway.Providers;

/// <summary>The provider types. A new type is a class beside this file and a line here.</summary>
internal static class ProviderTable
{
}
