using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Quoin.Quic;
using Quoin.Quic.Http3;
using Quoin.Tests.Http.Tls;
using Quoin.Tests.Quic.Kestrel;

namespace Quoin.Tests.Quic.Http3;

/// <summary>The HTTP/3 client, with Kestrel over our transport and with Caddy.</summary>
public sealed class Http3ClientTests
{
    [Fact]
    public async Task A_request_is_answered()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(host.Port);
        await using var answer = await client.SendAsync(Get("/"));
        Assert.Equal(200, answer.Status);
        Assert.Contains("hello HTTP/3", await TextAsync(answer));
    }

    [Fact]
    public async Task A_body_of_any_size_goes_there_and_back()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(host.Port);
        var sent = RandomNumberGenerator.GetBytes(5_000_000);
        await using var answer = await client.SendAsync(Get("/echo") with { Method = "POST", Body = sent });
        Assert.Equal(sent, await answer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_hundred_requests_run_at_once_on_one_connection_and_again()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(host.Port);
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
            {
                await using var answer = await client.SendAsync(Get($"/bytes/{number}"));
                Assert.Equal(number, (await answer.ReadToEndAsync()).Length);
            }));
        }
    }

    [Fact]
    public async Task Trailers_come_after_the_body()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(host.Port);
        await using var answer = await client.SendAsync(Get("/trailer"));
        Assert.Equal("body", await TextAsync(answer));
        Assert.Equal([("x-checksum", "42")], answer.Trailers);
    }

    [Fact]
    public async Task A_request_that_is_given_up_is_aborted_at_the_server()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(host.Port);
        await using (var answer = await client.SendAsync(Get("/hang")))
        {
            Assert.Equal(200, answer.Status);
        }

        await host.Aborted.Task;
    }

    [Fact]
    public async Task A_handler_waits_for_a_client_that_does_not_read()
    {
        await using var host = await QuicHost.StartAsync();
        await using var client = await ConnectAsync(
            host.Port, new QuicTransportOptions { StreamWindow = 50_000, MaxStreamWindow = 0 });
        await using var answer = await client.SendAsync(Get("/bytes/10000000"));
        var buffer = new byte[1];
        Assert.Equal(1, await answer.ReadAsync(buffer));
        Assert.Equal(10_000_000 - 1, (await answer.ReadToEndAsync()).Length);
    }

    [Fact]
    public async Task A_certificate_of_the_client_reaches_the_handler()
    {
        using var mine = TestCertificate.Create("me");
        await using var host = await QuicHost.StartAsync(https: https =>
        {
            https.ClientCertificateMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode
                .RequireCertificate;
            https.ClientCertificateValidation = (certificate, _, _) => certificate.Subject == "CN=me";
        });
        await using var client = await ConnectAsync(host.Port, tls: tls => tls.ClientCertificates = [mine]);
        await using var answer = await client.SendAsync(Get("/"));
        Assert.Contains("certificate=CN=me", await TextAsync(answer));
    }

    [Fact]
    public async Task A_certificate_is_chosen_by_a_callback_that_takes_its_time()
    {
        using var certificate = TestCertificate.Create();
        await using var host = await QuicHost.StartAsync(callback: new()
        {
            OnConnection = async context =>
            {
                await Task.Yield();
                Assert.Equal("localhost", context.ClientHelloInfo.ServerName);
                return new SslServerAuthenticationOptions { ServerCertificate = certificate };
            },
        });
        await using var client = await ConnectAsync(host.Port);
        Assert.Equal(certificate.Thumbprint, client.Connection.PeerCertificate!.Thumbprint);
    }

    [Fact]
    public async Task Five_thousand_requests_wait_at_once_and_leave_no_streams_behind()
    {
        await using var host = await QuicHost.StartAsync(
            new QuicTransportOptions { Loops = 1, MaxBidirectionalStreams = 5_000 });
        await using var client = await ConnectAsync(host.Port);
        var waiting = await Task.WhenAll(Enumerable.Range(0, 5_000).Select(_ => client.SendAsync(Get("/wait"))));
        host.Release.SetResult();
        foreach (var answer in waiting)
        {
            Assert.Equal("first;last", await TextAsync(answer));
            await answer.DisposeAsync();
        }
    }

    [Fact]
    public async Task Caddy_answers_it()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/caddy"), "caddy is not installed");
        QuicPair.Skip();
        var folder = Directory.CreateTempSubdirectory("quoin-caddy-").FullName;
        using var certificate = TestCertificate.Create();
        var files = TestCertificate.WriteTo(folder, certificate);
        var sent = RandomNumberGenerator.GetBytes(3_000_000);
        await File.WriteAllBytesAsync(Path.Combine(folder, "file"), sent);
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "Caddyfile"),
            $$"""
            {
              admin off
              auto_https off
            }
            https://localhost:{{port}} {
              bind 127.0.0.1
              tls {{files.Certificate}} {{files.Key}}
              respond /hello "hello {http.request.proto}"
              root * {{folder}}
              file_server
            }
            """);
        using var caddy = Process.Start(new ProcessStartInfo("/usr/bin/caddy")
        {
            ArgumentList = { "run", "--config", Path.Combine(folder, "Caddyfile"), "--adapter", "caddyfile" },
            Environment = { ["HOME"] = folder },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        _ = caddy.StandardError.ReadToEndAsync();
        try
        {
            await using var client = await RetryAsync(port, caddy);
            await using (var answer = await client.SendAsync(Get("/hello")))
            {
                Assert.Equal((200, "hello HTTP/3.0"), (answer.Status, await TextAsync(answer)));
            }

            await using var file = await client.SendAsync(Get("/file"));
            Assert.Equal(sent, await file.ReadToEndAsync());
        }
        finally
        {
            caddy.Kill();
            await caddy.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static async Task<Http3Client> ConnectAsync(
        int port, QuicTransportOptions? options = null, Action<SslClientAuthenticationOptions>? tls = null)
    {
        var how = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [Http3Client.Protocol],
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        };
        tls?.Invoke(how);
        return await Http3Client.StartAsync(await QuicEndpoint.ConnectAsync(new QuicConnectOptions
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port),
            Tls = how,
            Transport = options ?? new QuicTransportOptions(),
        }));
    }

    private static async Task<Http3Client> RetryAsync(int port, Process server)
    {
        while (true)
        {
            try
            {
                return await ConnectAsync(
                    port, new QuicTransportOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(500) });
            }
            catch (QuicException)
            {
                Assert.False(server.HasExited, "caddy ended");
            }
        }
    }

    private static Http3Request Get(string path) => new() { Authority = "localhost", Path = path };

    private static async Task<string> TextAsync(Http3Response answer) =>
        System.Text.Encoding.UTF8.GetString(await answer.ReadToEndAsync());

    /// <summary>
    /// For TCP and UDP, below the ports that the system gives to connections: those of other tests would take it.
    /// </summary>
    private static int FreePort()
    {
        for (var port = 20_000 + (Environment.ProcessId % 10_000); ; port++)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException) when (port < 32_000)
            {
                // The next one.
            }
        }
    }
}
