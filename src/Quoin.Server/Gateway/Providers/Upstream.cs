using System.Collections.Concurrent;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// A provider with its connections. Connections are kept by <see cref="ConnectionPools"/> across reloads.
/// Credentials, addresses and the model catalogue go with the provider's options.
/// </summary>
internal sealed class Upstream(Provider provider, UpstreamConnections connections)
{
    /// <summary>
    /// Targets kept: one for each path that holds no model name, and the models of a Gemini provider.
    /// </summary>
    private const int KeptTargets = 512;

    private readonly ConcurrentDictionary<string, UpstreamTarget> _targets = new(StringComparer.Ordinal);

    private readonly string _baseUrl = (provider.Options.BaseUrl ?? provider.DefaultBaseUrl ?? "").TrimEnd('/');

    public Provider Provider { get; } = provider;

    public string Name => Provider.Name;

    public UpstreamRequest CreateRequest(HttpMethod method, string path)
    {
        var request = new UpstreamRequest(method, TargetOf(path));
        foreach (var (name, value) in Provider.Options.Headers)
        {
            request.AddField(name, value);
        }

        return request;
    }

    /// <summary>Returns when the response headers are in.</summary>
    public ValueTask<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        connections.SendAsync(request, cancellationToken);

    private UpstreamTarget TargetOf(string path)
    {
        if (_targets.TryGetValue(path, out var known))
        {
            return known;
        }

        var target = new UpstreamTarget(new Uri(_baseUrl + path, UriKind.Absolute));
        if (_targets.Count < KeptTargets)
        {
            _targets.TryAdd(path, target);
        }

        return target;
    }
}
