using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Quoin.Http;

namespace Quoin.Tests.Http.WebSockets;

/// <summary>.NET's own client, over HTTP/1.1 and over HTTP/2.</summary>
public sealed class ClientTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Messages_of_all_sizes_come_back(bool http2, bool compressed)
    {
        using var certificate = NewCertificate();
        await using var app = await WebSocketApps.StartAsync(options: new()
        {
            Certificate = certificate,
            RequestTimeout = TimeSpan.FromSeconds(1),
            WebSocket = new() { Compression = true },
        });
        using var client = await ConnectAsync(app, http2, compressed);
        Assert.Equal(http2 ? HttpStatusCode.OK : HttpStatusCode.SwitchingProtocols, client.HttpStatusCode);
        foreach (var length in new[] { 0, 1, 125, 126, 5000, 65_535, 65_536, 1_000_000 })
        {
            var text = Encoding.UTF8.GetBytes(
                string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26)))));
            await client.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            Assert.Equal(text, await ReadAsync(client, WebSocketMessageType.Text));
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, WebSocketState.Closed), (client.CloseStatus, client.State));
    }

    [Fact]
    public async Task Over_HTTP_2_the_server_closes_when_it_stops_and_one_connection_carries_many()
    {
        using var certificate = NewCertificate();
        await using var app = await WebSocketApps.StartAsync(options: new() { Certificate = certificate });
        using var invoker = new HttpMessageInvoker(NewHandler());
        var clients = new List<ClientWebSocket>();
        for (var i = 0; i < 20; i++)
        {
            clients.Add(await ConnectAsync(app, http2: true, compressed: false, invoker));
        }

        await Task.WhenAll(clients.Select(async (client, i) =>
        {
            await client.SendAsync(
                new byte[i], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            Assert.Equal(i, (await ReadAsync(client, WebSocketMessageType.Binary)).Length);
        }));
        var stopping = app.StopAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(clients.Select(async client =>
        {
            await ReadAsync(client, WebSocketMessageType.Close);
            Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
            await client.CloseOutputAsync(client.CloseStatus!.Value, "", CancellationToken.None);
            client.Dispose();
        }));
        await stopping;
    }

    [Fact]
    public async Task What_happens_is_counted()
    {
        var counts = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, one) =>
        {
            if (instrument.Meter.Name == "Quoin.Http.WebSockets")
            {
                one.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (counts)
            {
                var key = instrument.Name + (tags.Length > 0 ? " " + tags[0].Value : "");
                counts[key] = counts.GetValueOrDefault(key) + value;
            }
        });
        listener.Start();
        await using (var app = await WebSocketApps.StartAsync())
        {
            using var peer = await RawPeer.ConnectAsync(app);
            await peer.SendAsync([.. RawPeer.Text("a"), .. RawPeer.Text("b"), .. RawPeer.Close(4999)]);
            Assert.Equal("a", await peer.ReadTextAsync());
            Assert.Equal("b", await peer.ReadTextAsync());
            Assert.Equal(4999, await peer.ReadCloseAsync());
            Assert.True(await peer.EndsAsync());
            using var refused = await RawPeer.AskAsync(app, "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
        }

        // Other tests count at the same time: what is here is at least there.
        lock (counts)
        {
            Assert.True(counts["quoin.websocket.messages in"] >= 2);
            Assert.True(counts["quoin.websocket.messages out"] >= 2);
            Assert.True(counts["quoin.websocket.closes application"] >= 1);
            Assert.True(counts["quoin.websocket.refusals 426"] >= 1);
            Assert.True(counts.ContainsKey("quoin.websocket.connections"));
        }
    }

    private static async Task<byte[]> ReadAsync(ClientWebSocket client, WebSocketMessageType type)
    {
        var (buffer, whole) = (new byte[4096], new MemoryStream());
        while (true)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            whole.Write(buffer, 0, read.Count);
            if (read.EndOfMessage)
            {
                Assert.Equal(type, read.MessageType);
                return whole.ToArray();
            }
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(
        HttpApp app, bool http2, bool compressed, HttpMessageInvoker? invoker = null)
    {
        var client = new ClientWebSocket();
        client.Options.HttpVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        client.Options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
        client.Options.CollectHttpResponseDetails = true;
        using var own = invoker is null ? new HttpMessageInvoker(NewHandler(), disposeHandler: false) : null;
        var address = new UriBuilder(app.Addresses[0]) { Scheme = "wss", Path = "/ws" }.Uri;
        await client.ConnectAsync(address, invoker ?? own, TestContext.Current.CancellationToken);
        return client;
    }

    private static SocketsHttpHandler NewHandler() => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
#pragma warning disable CA5359 // A certificate made for this test alone.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        },
    };

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
