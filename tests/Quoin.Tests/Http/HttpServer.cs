using System.Net;
using Quoin.Http;

namespace Quoin.Tests.Http;

/// <summary>A running app with a client that takes everything as it comes over the wire.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private HttpServer(HttpApp app)
    {
        App = app;
        Client = new HttpClient(new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            SslOptions = new()
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown?.GetCertHashString() == app.Options.Certificate?.Thumbprint,
            },
        })
        { BaseAddress = app.Addresses[0] };
    }

    public HttpApp App { get; }

    public HttpClient Client { get; }

    public static async Task<HttpServer> StartAsync(Action<HttpApp> routes, HttpAppOptions? options = null)
    {
        var app = new HttpApp((options ?? new()) with { Port = 0 });
        routes(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new HttpServer(app);
    }

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, headers);

    /// <summary>Returns with the headers.</summary>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }
}
