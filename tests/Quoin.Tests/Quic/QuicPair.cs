using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic;

/// <summary>A listener on loopback and a connection to it. Both ends are closed with the test.</summary>
internal sealed class QuicPair : IAsyncDisposable
{
    public static readonly SslApplicationProtocol Protocol = new("quoin-test");

    private QuicPair(QuicListener listener, X509Certificate2 certificate) =>
        (Listener, Certificate) = (listener, certificate);

    public QuicListener Listener { get; }

    public X509Certificate2 Certificate { get; }

    public QuicConnection Client { get; private set; } = null!;

    public QuicConnection Server { get; private set; } = null!;

    public static async Task<QuicPair> StartAsync(
        QuicTransportOptions? server = null, QuicTransportOptions? client = null)
    {
        var pair = await ListenAsync(server);
        await pair.ConnectAsync(client);
        return pair;
    }

    public static async Task<QuicPair> ListenAsync(QuicTransportOptions? options = null,
        Func<X509Certificate2, SslServerAuthenticationOptions>? tls = null, IPAddress? address = null,
        TimeProvider? time = null)
    {
        Skip();
        var certificate = TestCertificate.Create();
        var listener = await QuicEndpoint.ListenAsync(new QuicListenOptions
        {
            EndPoint = new IPEndPoint(address ?? IPAddress.Loopback, 0),
            Protocols = [Protocol],
            Transport = options ?? new QuicTransportOptions { Loops = 1 },
            SelectTls = (_, _) => ValueTask.FromResult(
                tls?.Invoke(certificate) ?? new SslServerAuthenticationOptions { ServerCertificate = certificate }),
        }, time);
        return new QuicPair(listener, certificate);
    }

    public static void Skip() =>
        Assert.SkipWhen(QuicEndpoint.UnavailableReason is not null, QuicEndpoint.UnavailableReason ?? "");

    /// <summary>What a client needs to reach the listener and to believe its certificate.</summary>
    public QuicConnectOptions To(QuicTransportOptions? options = null, IQuicSessionStore? sessions = null) => new()
    {
        RemoteEndPoint = Listener.LocalEndPoint,
        Transport = options ?? new QuicTransportOptions(),
        Sessions = sessions,
        Tls = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [Protocol],
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown!.GetCertHashString() == Certificate.Thumbprint,
        },
    };

    public async Task ConnectAsync(QuicTransportOptions? options = null)
    {
        Client = await QuicEndpoint.ConnectAsync(To(options));
        Server = await Listener.AcceptAsync() ?? throw new InvalidOperationException("nothing to accept");
    }

    /// <summary>A stream that the client has opened, as both see it; its first byte is read.</summary>
    public async Task<(QuicStream Client, QuicStream Server)> OpenStreamAsync()
    {
        var client = await Client.OpenStreamAsync();
        await client.Output.WriteAsync(new byte[] { 0 });
        var server = await Server.AcceptStreamAsync();
        var read = await server.Input.ReadAtLeastAsync(1);
        server.Input.AdvanceTo(read.Buffer.GetPosition(1));
        return (client, server);
    }

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        await Listener.DisposeAsync();
        Certificate.Dispose();
    }
}
