using System.Net;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Connections.Http1;
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
    private Dictionary<PoolKey, UpstreamConnections> _pools = [];

    /// <summary>Makes the upstreams of a configuration, in its order, reusing what has not changed.</summary>
    public IReadOnlyList<Upstream> Connect(QuoinOptions options)
    {
        lock (_lock)
        {
            var kept = new Dictionary<PoolKey, UpstreamConnections>();
            var upstreams = new List<Upstream>();
            foreach (var (name, provider) in options.Providers)
            {
                var key = new PoolKey(
                    name, provider.BaseUrl, options.Llm.MaxConnections, options.Llm.MaxIdleConnections,
                    options.Llm.ConnectTimeout,
                    provider.Type == "sim" ? provider.Sim : null);
                if (!kept.TryGetValue(key, out var pool))
                {
                    pool = _pools.TryGetValue(key, out var old) ? old : Open(name, provider, options.Llm);
                    kept.Add(key, pool);
                }

                upstreams.Add(new Upstream(ProviderTable.Create(name, provider), pool));
            }

            _pools = kept;
            return upstreams;
        }
    }

    private UpstreamConnections Open(string name, ProviderOptions provider, LlmOptions llm)
    {
        if (provider.Type == "sim")
        {
            return new MessageHandlerConnections(
                new HttpMessageInvoker(SimHandler.Create(provider.Sim, SimDialects.Default, time)));
        }

        var address = new Uri(
            provider.BaseUrl ?? ProviderTable.Create(name, provider).DefaultBaseUrl!, UriKind.Absolute);
        return HttpClient.DefaultProxy.IsBypassed(address) || HttpClient.DefaultProxy.GetProxy(address) is null
            ? new Http1ConnectionPool(
                new Http1Dialer(address, llm.ConnectTimeout, time), llm.MaxConnections, llm.MaxIdleConnections, time)
            : new MessageHandlerConnections(new HttpMessageInvoker(CreateSockets(llm)));
    }

    /// <summary>
    /// .NET's own client, where the environment names a proxy for the provider (HTTPS_PROXY, NO_PROXY).
    /// </summary>
    private static SocketsHttpHandler CreateSockets(LlmOptions llm) => new()
    {
        MaxConnectionsPerServer = llm.MaxConnections,
        ConnectTimeout = llm.ConnectTimeout,
        PooledConnectionIdleTimeout = Http1Limits.IdleTime,
        PooledConnectionLifetime = Http1Limits.Lifetime,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = true,

        // The trace context is passed on by the gateway itself.
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = Http1Limits.HeadBytes / 1024,
    };

    private sealed record PoolKey(
        string Provider, string? BaseUrl, int MaxConnections, int MaxIdleConnections, TimeSpan ConnectTimeout,
        SimOptions? Sim);
}
