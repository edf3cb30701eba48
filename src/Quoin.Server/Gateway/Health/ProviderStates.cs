using System.Collections.Concurrent;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Server.Gateway.Health;

/// <summary>The state of every provider by its name: breakers, health, load. Kept across reloads.</summary>
internal sealed class ProviderStates(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ProviderState> _states = new(StringComparer.Ordinal);

    public ProviderState Of(string provider) =>
        _states.GetOrAdd(provider, static (name, ticks) => new ProviderState(name, ticks), time.TimestampFrequency);

    /// <summary>Forgets providers that are no longer configured.</summary>
    public void Keep(QuoinOptions options)
    {
        foreach (var state in _states.Values)
        {
            if (!options.Providers.ContainsKey(state.Name))
            {
                _states.TryRemove(state.Name, out _);
            }
            else if (!options.Llm.HealthCheck.Enabled)
            {
                state.AssumeHealthy();
            }
        }
    }

    public BreakerSettings BreakerSettingsOf(QuoinOptions options) =>
        BreakerSettings.From(options.CircuitBreaker, time.TimestampFrequency);
}
