using System.Net;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// The connections to providers. A pool is made for each provider and set of connection settings, and stays the
/// same object when a reload leaves those as they are. A pool that a reload replaced is let go, never disposed:
/// calls under way finish on it, and its idle connections close by themselves.
/// </summary>
internal sealed class ConnectionPools(TimeProvider time)
{
    private readonly Lock _lock = new();
    private Dictionary<PoolKey, HttpMessageInvoker> _pools = [];

    /// <summary>Makes the upstreams of a configuration, in its order, reusing what has not changed.</summary>
    public IReadOnlyList<Upstream> Connect(QuoinOptions options)
    {
        lock (_lock)
        {
            var kept = new Dictionary<PoolKey, HttpMessageInvoker>();
            var upstreams = new List<Upstream>();
            foreach (var (name, provider) in options.Providers)
            {
                var key = new PoolKey(
                    name, provider.BaseUrl, options.Llm.MaxConnections, options.Llm.ConnectTimeout,
                    provider.Type == "sim" ? provider.Sim : null);
                if (!kept.TryGetValue(key, out var pool))
                {
                    pool = _pools.TryGetValue(key, out var old) ? old : Open(provider, options.Llm);
                    kept.Add(key, pool);
                }

                upstreams.Add(new Upstream(ProviderTable.Create(name, provider), pool));
            }

            _pools = kept;
            return upstreams;
        }
    }

    private HttpMessageInvoker Open(ProviderOptions provider, LlmOptions llm) =>
        new(provider.Type == "sim" ? SimHandler.Create(provider.Sim, SimDialects.Default, time) : CreateSockets(llm));

    private static SocketsHttpHandler CreateSockets(LlmOptions llm) => new()
    {
        MaxConnectionsPerServer = llm.MaxConnections,
        ConnectTimeout = llm.ConnectTimeout,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),

        // A name may move to another address: connections are made anew in good time.
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = true,

        // The trace context is passed on by the gateway itself.
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 64,
    };

    private sealed record PoolKey(
        string Provider, string? BaseUrl, int MaxConnections, TimeSpan ConnectTimeout, SimOptions? Sim);
}
