using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway.Routing;

/// <summary>
/// A provider's keys as a configuration has them, each with its state. A provider without keys has one that adds
/// nothing to a call.
/// </summary>
internal sealed class Account
{
    public Account(Upstream upstream, ProviderState state)
    {
        State = state;
        var options = upstream.Provider.Options;
        string[] keys =
        [
            .. new[] { options.ApiKey ?? "" }.Concat(options.ApiKeys).Distinct(StringComparer.Ordinal),
        ];
        var states = state.KeysFor(keys);
        Keys = [.. keys.Select((key, i) => new AccountKey(ProviderOf(upstream.Provider, key), states[i]))];
    }

    public ProviderState State { get; }

    public IReadOnlyList<AccountKey> Keys { get; }

    private static Provider ProviderOf(Provider provider, string key) =>
        key.Length == 0 || key == provider.Options.ApiKey
            ? provider
            : ProviderTable.Create(provider.Name, provider.Options with { ApiKey = key });
}

/// <summary>One key of a provider.</summary>
/// <param name="Provider">The provider with this key: it authorises the calls made with it.</param>
internal sealed record AccountKey(Provider Provider, KeyState State);
