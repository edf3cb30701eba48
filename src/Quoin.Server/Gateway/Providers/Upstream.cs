using System.Collections.Concurrent;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// A provider with its connections. Connections are kept by <see cref="ConnectionPools"/> across reloads.
/// Credentials, addresses and the model catalogue go with the provider's options.
/// </summary>
internal sealed class Upstream(Provider provider, HttpMessageInvoker connections)
{
    /// <summary>
    /// Addresses kept: one for each path that holds no model name, and the models of a Gemini provider.
    /// </summary>
    private const int KeptAddresses = 512;

    private readonly ConcurrentDictionary<string, Uri> _addresses = new(StringComparer.Ordinal);

    private readonly string _baseUrl = (provider.Options.BaseUrl ?? provider.DefaultBaseUrl ?? "").TrimEnd('/');

    public Provider Provider { get; } = provider;

    public string Name => Provider.Name;

    public HttpRequestMessage CreateRequest(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, AddressOf(path)) { Version = System.Net.HttpVersion.Version11 };
        foreach (var (name, value) in Provider.Options.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Returns when the response headers are in.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        connections.SendAsync(request, cancellationToken);

    private Uri AddressOf(string path)
    {
        if (_addresses.TryGetValue(path, out var known))
        {
            return known;
        }

        var address = new Uri(_baseUrl + path, UriKind.Absolute);
        if (_addresses.Count < KeptAddresses)
        {
            _addresses.TryAdd(path, address);
        }

        return address;
    }
}
