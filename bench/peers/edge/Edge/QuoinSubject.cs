using Quoin.Http;

namespace Quoin.Peers.Edge;

/// <summary>
/// Quoin.Http with every limit on, none of which is reached: each is looked at, and that is what it costs.
/// </summary>
internal static class QuoinSubject
{
    public static async Task RunAsync(int port, int tlsPort, string folder, string certificate, string key)
    {
        var options = new HttpAppOptions { Port = port, MaxConnections = 50_000, MaxKeepAliveRequests = int.MaxValue };
        await using var plain = NewApp(options, folder);
        await using var secured = NewApp(
            options with
            {
                Port = tlsPort,
                CertificateFile = certificate,
                CertificateKeyFile = key,
                Http3 = new Http3Options { Port = tlsPort },
            },
            folder);
        await secured.StartAsync();
        await plain.RunAsync();
    }

    private static HttpApp NewApp(HttpAppOptions options, string folder)
    {
        var app = new HttpApp(options);
        app.Get("/plaintext", () => Payload.Text);
        app.Get("/json", () => new Payload(Payload.Text));
        app.Get("/memory", Payload.ManagedBytes);
        app.Static("/static", folder);
        app.WebSocket("/ws", async socket =>
        {
            await foreach (var message in socket.ReadAsync())
            {
                await socket.SendAsync(message);
            }
        });
        return app;
    }
}
