using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;
using Quoin.Quic.Native;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic;

/// <summary>Certificates of both sides, names, sessions, early data, secrets for diagnosis.</summary>
public sealed class QuicTlsTests : IDisposable
{
    private const int CertificateRequired = 0x100 + 116;

    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-quic-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_name_that_a_client_asks_for_chooses_the_certificate_even_late()
    {
        var choice = new TaskCompletionSource<SslServerAuthenticationOptions>();
        QuicPair.Skip();
        using var certificate = TestCertificate.Create();
        var names = new List<string>();
        await using var listener = await QuicEndpoint.ListenAsync(new QuicListenOptions
        {
            EndPoint = new(System.Net.IPAddress.Loopback, 0),
            Protocols = [QuicPair.Protocol],
            Transport = new QuicTransportOptions { Loops = 1 },
            SelectTls = (connection, _) =>
            {
                names.Add(connection.ServerName);
                return new(choice.Task);
            },
        });
        var connecting = QuicEndpoint.ConnectAsync(new QuicConnectOptions
        {
            RemoteEndPoint = listener.LocalEndPoint,
            Tls = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [QuicPair.Protocol],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
        });
        Assert.False(connecting.IsCompleted);
        choice.SetResult(new SslServerAuthenticationOptions { ServerCertificate = certificate });
        await using var client = await connecting;
        Assert.Equal(["localhost"], names);
        Assert.Equal(certificate.Thumbprint, client.PeerCertificate!.Thumbprint);
    }

    [Fact]
    public async Task A_new_certificate_is_shown_to_the_next_client()
    {
        using var first = TestCertificate.Create("first");
        using var second = TestCertificate.Create("second");
        var current = first;
        await using var pair = await QuicPair.ListenAsync(
            tls: _ => new SslServerAuthenticationOptions { ServerCertificate = current });
        Assert.Equal("CN=first", await NameShownAsync(pair));
        current = second;
        Assert.Equal("CN=second", await NameShownAsync(pair));
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("none")]
    [InlineData("no key")]
    public async Task Without_a_usable_certificate_one_handshake_fails_and_the_next_is_tried(string how)
    {
        using var good = TestCertificate.Create();
        using var keyless = X509CertificateLoader.LoadCertificate(good.RawData);
        var broken = true;
        await using var pair = await QuicPair.ListenAsync(tls: _ => (broken, how) switch
        {
            (false, _) => new() { ServerCertificate = good },
            (_, "throws") => throw new InvalidOperationException("no such host"),
            (_, "none") => new(),
            _ => new() { ServerCertificate = keyless },
        });
        var options = pair.To();
        options.Tls.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(options));
        Assert.Equal(QuicEnd.PeerTransport, fault.End);
        broken = false;
        await using var client = await QuicEndpoint.ConnectAsync(options);
    }

    [Fact]
    public async Task A_client_shows_its_certificate_when_it_is_asked()
    {
        using var mine = TestCertificate.Create("client");
        await using var pair = await QuicPair.ListenAsync(tls: certificate => new()
        {
            ServerCertificate = certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=client",
        });
        var options = pair.To();
        options.Tls.ClientCertificates = [mine];
        await using var client = await QuicEndpoint.ConnectAsync(options);
        var server = await pair.Listener.AcceptAsync();
        Assert.Equal(mine.Thumbprint, server!.PeerCertificate!.Thumbprint);
    }

    [Fact]
    public async Task A_client_certificate_that_is_not_accepted_ends_the_connection()
    {
        using var mine = TestCertificate.Create("another");
        await using var pair = await QuicPair.ListenAsync(tls: certificate => new()
        {
            ServerCertificate = certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Subject == "CN=client",
        });
        var options = pair.To();
        options.Tls.ClientCertificates = [mine];
        var end = await EndAsync(options);
        Assert.Equal(QuicEnd.PeerTransport, end.End);
        Assert.InRange(end.Code, 0x100, 0x1ff);
    }

    [Fact]
    public async Task A_client_without_the_certificate_that_is_required_is_told_so()
    {
        await using var pair = await QuicPair.ListenAsync(tls: certificate => new()
        {
            ServerCertificate = certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        });
        var end = await EndAsync(pair.To());
        Assert.Equal((QuicEnd.PeerTransport, CertificateRequired), (end.End, (int)end.Code));
    }

    [Fact]
    public async Task A_returning_client_sends_before_the_server_has_said_a_word()
    {
        var server = new QuicTransportOptions { Loops = 1, EarlyData = true };
        var client = new QuicTransportOptions { EarlyData = true };
        var sessions = new QuicSessionMemory();
        await using var pair = await QuicPair.ListenAsync(server);
        Assert.Equal((false, null), await AskAsync(pair, client, sessions));
        Assert.Equal((true, true), await AskEarlyAsync(pair, client, sessions));
    }

    [Fact]
    public async Task A_server_that_takes_no_early_data_hears_it_again_only_from_the_application()
    {
        var sessions = new QuicSessionMemory();
        var client = new QuicTransportOptions { EarlyData = true };
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 1, EarlyData = true });
        Assert.Equal((false, null), await AskAsync(pair, client, sessions));

        await using var other = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 1 });
        var options = other.To(client, new Moved(sessions, $"localhost:{pair.Listener.LocalEndPoint.Port}"));
        await using var connection = await QuicEndpoint.ConnectAsync(options);
        await connection.HandshakeCompleted;
        Assert.False(connection.EarlyDataAccepted);
    }

    [Fact]
    public async Task More_early_data_than_allowed_waits_for_the_handshake_and_is_early_no_more()
    {
        var sessions = new QuicSessionMemory();
        var client = new QuicTransportOptions { EarlyData = true };
        await using var pair = await QuicPair.ListenAsync(
            new QuicTransportOptions { Loops = 1, EarlyData = true, MaxEarlyData = 3 });
        await AskAsync(pair, client, sessions);
        Assert.Equal((false, true), await AskAsync(pair, client, sessions));
    }

    [Fact]
    public async Task A_first_flight_that_is_sent_again_brings_no_request()
    {
        var sessions = new QuicSessionMemory();
        var client = new QuicTransportOptions { EarlyData = true };
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions
        {
            Loops = 2,
            EarlyData = true,
            HandshakeTimeout = TimeSpan.FromMilliseconds(300),
        });
        await AskAsync(pair, client, sessions);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        var moved = new Moved(sessions, $"localhost:{pair.Listener.LocalEndPoint.Port}");
        Assert.Equal((true, true), await AskEarlyAsync(pair, client, moved, relay));

        // Packets with long headers are of the handshake or early. The connection that they belong to takes them for
        // its own until it is forgotten.
        var flight = relay.Sent.Where(datagram => (datagram[0] & 0x80) != 0).ToList();
        using var thief = new System.Net.Sockets.UdpClient();
        var accepting = pair.Listener.AcceptAsync().AsTask();
        while (!accepting.IsCompleted)
        {
            flight.ForEach(datagram => thief.Send(datagram, pair.Listener.LocalEndPoint));
            await Task.Yield();
        }

        var copy = (await accepting)!;
        await copy.Closed;
        Assert.Equal(QuicEnd.HandshakeTimeout, copy.CloseReason!.End);
        Assert.False(copy.ReceivedEarlyData);
        Assert.False(copy.TryAcceptStream(out _));
    }

    [Fact]
    public async Task A_client_that_comes_back_with_its_token_needs_no_second_Retry()
    {
        var sessions = new QuicSessionMemory();
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 1, RetryAbove = 0 });
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        await AskAsync(pair, new(), sessions, relay);
        Assert.Single(relay.Received, IsRetry);
        await AskAsync(pair, new(), sessions, relay);
        Assert.Single(relay.Received, IsRetry);
    }

    [Fact]
    public async Task A_token_of_another_server_or_from_too_long_ago_is_as_none()
    {
        var clock = new ShiftedTime();
        var sessions = new QuicSessionMemory();
        var always = new QuicTransportOptions { Loops = 1, RetryAbove = 0 };
        await using var pair = await QuicPair.ListenAsync(always, time: clock);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        await AskAsync(pair, new(), sessions, relay);
        clock.Shift = TimeSpan.FromMinutes(59);
        await AskAsync(pair, new(), sessions, relay);
        Assert.Single(relay.Received, IsRetry);
        clock.Shift += TimeSpan.FromMinutes(61);
        await AskAsync(pair, new(), sessions, relay);
        Assert.Equal(2, relay.Received.Count(IsRetry));

        await using var other = await QuicPair.ListenAsync(always);
        await using var toOther = new Relay(other.Listener.LocalEndPoint);
        var moved = new Moved(sessions, $"localhost:{relay.EndPoint.Port}");
        await AskAsync(other, new(), moved, toOther);
        Assert.Single(toOther.Received, IsRetry);
    }

    [Fact]
    public async Task Secrets_and_events_are_left_for_diagnosis()
    {
        var keys = Path.Combine(_folder, "keys");
        var options = new QuicTransportOptions { Loops = 1, KeyLogFile = keys, QlogFolder = _folder };
        await using (var pair = await QuicPair.StartAsync(options))
        {
            await pair.OpenStreamAsync();
        }

        Assert.Contains("CLIENT_TRAFFIC_SECRET_0 ", await File.ReadAllTextAsync(keys));
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keys));
        }

        var qlog = await File.ReadAllTextAsync(Directory.GetFiles(_folder, "*.sqlog").Single());
        Assert.Contains("packet_received", qlog);
    }

    private static async Task<QuicException> EndAsync(QuicConnectOptions options)
    {
        try
        {
            // A client's handshake is complete before the server has judged its certificate.
            await using var client = await QuicEndpoint.ConnectAsync(options);
            await client.Closed;
            return client.CloseReason!;
        }
        catch (QuicException e)
        {
            return e;
        }
    }

    /// <summary>One question: whether the server saw it early, and what the client was told.</summary>
    /// <summary>On a busy machine the handshake may be over before the question; then it is asked again.</summary>
    private static async Task<(bool Early, bool? Accepted)> AskEarlyAsync(
        QuicPair pair, QuicTransportOptions options, IQuicSessionStore sessions, Relay? relay = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            relay?.Sent.Clear();
            var answer = await AskAsync(pair, options, sessions, relay);
            if (answer.Early || attempt == 20)
            {
                return answer;
            }
        }
    }

    private static async Task<(bool Early, bool? Accepted)> AskAsync(
        QuicPair pair, QuicTransportOptions options, IQuicSessionStore sessions, Relay? relay = null)
    {
        var stored = new Stored(sessions);
        await using var client = await QuicEndpoint.ConnectAsync(pair.To(options, stored) with
        {
            RemoteEndPoint = relay?.EndPoint ?? pair.Listener.LocalEndPoint,
        });
        await using var asking = await client.OpenStreamAsync();
        await QuicConnectionTests.WriteAsync(asking.Output, "question"u8.ToArray());
        var server = (await pair.Listener.AcceptAsync())!;
        await using var asked = await server.AcceptStreamAsync();
        var early = asked.ReceivedEarlyData;
        Assert.Equal("question"u8.ToArray(), await QuicConnectionTests.ReadAsync(asked.Input));
        await QuicConnectionTests.WriteAsync(asked.Output, "answer"u8.ToArray());
        Assert.Equal("answer"u8.ToArray(), await QuicConnectionTests.ReadAsync(asking.Input));
        await client.HandshakeCompleted;
        await stored.Put;
        return (early, client.EarlyDataAccepted);
    }

    private static bool IsRetry(byte[] datagram) => (datagram[0] & 0xf0) == 0xf0;

    private static async Task<string> NameShownAsync(QuicPair pair)
    {
        var options = pair.To();
        options.Tls.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        await using var client = await QuicEndpoint.ConnectAsync(options);
        return client.PeerCertificate!.Subject;
    }

    /// <summary>A date that is ahead; timers run as ever.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }

    /// <summary>Tells when a session has been stored with the token that comes beside it.</summary>
    private sealed class Stored(IQuicSessionStore store) : IQuicSessionStore
    {
        private readonly TaskCompletionSource _put = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Put => _put.Task;

        public byte[]? Take(string server) => store.Take(server);

        void IQuicSessionStore.Put(string server, byte[] session)
        {
            store.Put(server, session);
            if (!ClientSession.AddressTokenOf(session).IsEmpty)
            {
                _put.TrySetResult();
            }
        }
    }

    /// <summary>Gives one server's session to another.</summary>
    private sealed class Moved(IQuicSessionStore store, string from) : IQuicSessionStore
    {
        public byte[]? Take(string server) => store.Take(from);

        public void Put(string server, byte[] session) => store.Put(from, session);
    }
}
