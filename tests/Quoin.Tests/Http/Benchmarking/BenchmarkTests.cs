using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Http;
using Quoin.Http.Benchmarking;
using Quoin.Tests.Quic;

namespace Quoin.Tests.Http.Benchmarking;

/// <summary>The load generator before real servers. What is asserted of times are lower bounds only.</summary>
public sealed class BenchmarkTests
{
    [Theory]
    [InlineData(false, "1.1")]
    [InlineData(true, "1.1")]
    [InlineData(true, "2.0")]
    [InlineData(true, "3.0")]
    public async Task Each_request_is_made_and_counted_once(bool tls, string http)
    {
        Http3Options? http3 = null;
        if (http == "3.0")
        {
            QuicPair.Skip();
            http3 = new() { Port = 0 };
        }

        using var certificate = tls ? NewCertificate() : null;
        var seen = 0;
        await using var app = new HttpApp(new() { Port = 0, Certificate = certificate, Http3 = http3 });
        app.Post("/echo/{status:int}", async (int status, HttpContext context) =>
        {
            Interlocked.Increment(ref seen);
            using var reader = new StreamReader(context.Request.Body);
            Assert.Equal("hello", await reader.ReadToEndAsync());
            Assert.Equal("yes", context.Request.Headers["X-Test"]);
            Assert.Equal(http == "1.1" ? "HTTP/1.1" : "HTTP/" + http[..1], context.Request.Protocol);
            context.Response.StatusCode = status;
            await context.Response.WriteAsync("answer");
        });
        await app.StartAsync();
        var options = new BenchmarkOptions
        {
            Method = "POST",
            Body = "hello"u8.ToArray(),
            Headers = [new("X-Test", "yes")],
            Requests = 203,
            Concurrency = 7,
            Http = Version.Parse(http),
            Insecure = tls,
        };
        var report = await Benchmark.Route(new Uri(app.Addresses[^1], "/echo/200"), options);
        Assert.Equal((203, 203L, 203L), (seen, report.Requests, report.Latency.Count));
        Assert.Equal(203, report.Statuses["2xx"]);
        Assert.Empty(report.Errors);
        Assert.False(report.HasErrors);
        Assert.InRange(report.BytesIn, 203 * 6, long.MaxValue);
        Assert.InRange(report.Latency.P50, report.FirstByte.P50 * 0.98, report.Latency.Max);
        report = await Benchmark.Route(new Uri(app.Addresses[^1], "/echo/503"), options with { Requests = 20 });
        Assert.Equal((20L, 20L), (report.Statuses["5xx"], report.Errors["5xx"]));
        Assert.True(report.HasErrors);
    }

    [Fact]
    public async Task Without_insecure_a_certificate_that_nobody_signed_is_an_error_of_TLS()
    {
        using var certificate = NewCertificate();
        await using var app = new HttpApp(new() { Port = 0, Certificate = certificate });
        app.Get("/", () => "x");
        await app.StartAsync();
        foreach (var http in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            var report = await Benchmark.Route(
                app.Addresses[0], new() { Requests = 3, NewConnections = http.Major == 1, Http = http });
            Assert.Equal(3, report.Errors["tls"]);
            Assert.Equal(0, report.Latency.Count);
        }
    }

    [Fact]
    public async Task A_port_without_server_is_an_error_of_connecting()
    {
        Uri closed;
        await using (var app = new HttpApp(new() { Port = 0 }))
        {
            await app.StartAsync();
            closed = app.Addresses[0];
        }

        foreach (var http in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            var report = await Benchmark.Route(
                closed, new() { Requests = 3, NewConnections = http.Major == 1, Http = http });
            Assert.Equal("connect", Assert.Single(report.Errors.Keys));
            Assert.Equal((3, 0), (report.Requests, report.RequestsPerSecond));
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Connections_that_break_off_and_answers_that_do_not_come_are_told_apart(string http)
    {
        await using var app = await StartBareAsync(
            async context =>
            {
                if (context.Request.Path == "/break")
                {
                    await context.Response.WriteAsync("half");
                    await context.Response.Body.FlushAsync();
                    context.Abort();
                    return;
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            },
            http == "1.1" ? HttpProtocols.Http1 : HttpProtocols.Http2);
        var options = new BenchmarkOptions { Requests = 4, Concurrency = 2, Http = Version.Parse(http) };
        var broken = await Benchmark.Route(new Uri(AddressOf(app), "/break"), options);
        Assert.Equal(4, broken.Errors["reset"]);
        var time = TimeSpan.FromMilliseconds(100);
        var silent = await Benchmark.Route(new Uri(AddressOf(app), "/silent"), options with { Timeout = time });
        Assert.Equal(4, silent.Errors["timeout"]);
        Assert.InRange(silent.Latency.P50, time * 0.99, TimeSpan.MaxValue);
    }

    [Fact]
    public async Task A_server_that_speaks_another_protocol_is_an_error_of_protocol()
    {
        await using var app = await StartBareAsync(_ => Task.CompletedTask, HttpProtocols.Http1);
        var report = await Benchmark.Route(
            AddressOf(app), new() { Requests = 2, WebSocket = true, NewConnections = true });
        Assert.Equal(2, report.Errors["protocol"]);
        report = await Benchmark.Route(AddressOf(app), new() { Requests = 2, ServerSentEvents = true });
        Assert.Equal(2, report.Errors["protocol"]);
    }

    [Fact]
    public async Task An_HTTP_1_answer_to_HTTP_2_is_an_error_of_protocol()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            // All is read, or the end of the connection could overtake the answer.
            using var socket = await listener.AcceptSocketAsync();
            await socket.ReceiveAsync(new byte[1024]);
            await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
            while (await socket.ReceiveAsync(new byte[1024]) > 0)
            {
            }
        });
        var report = await Benchmark.Route(
            new Uri("http://" + listener.LocalEndpoint),
            new() { Requests = 1, Concurrency = 1, Http = HttpVersion.Version20 });
        Assert.Equal(["protocol 1"], report.Errors.Select(error => $"{error.Key} {error.Value}"));
        await serving;
    }

    [Fact]
    public async Task Connections_that_the_server_ends_are_opened_again()
    {
        await using var app = new HttpApp(new() { Port = 0, MaxKeepAliveRequests = 2 });
        var connections = new HashSet<string>();
        app.Get("/", (HttpContext context) =>
        {
            lock (connections)
            {
                connections.Add(context.Connection.Id);
            }

            return "x";
        });
        await app.StartAsync();
        var report = await Benchmark.Route(app.Addresses[0], new() { Requests = 10, Concurrency = 1 });
        Assert.Empty(report.Errors);
        Assert.Equal((5, 5L), (connections.Count, report.Connect.Count));
        connections.Clear();
        report = await Benchmark.Route(
            app.Addresses[0], new() { Requests = 6, Concurrency = 2, NewConnections = true });
        Assert.Equal((6, 6L), (connections.Count, report.Connect.Count));
        Assert.True(report.ConnectsPerSecond > 0);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Events_of_streams_are_counted_and_those_that_break_off_are_truncated(string http)
    {
        await using var app = await StartBareAsync(
            async context =>
            {
                context.Response.ContentType = "text/event-stream";
                for (var i = 0; i < 5; i++)
                {
                    await context.Response.WriteAsync($": comment\n\ndata: {i}\n\n");
                    await context.Response.Body.FlushAsync();
                }

                switch (context.Request.Path)
                {
                    case "/broken":
                        context.Abort();
                        break;
                    case "/inside":
                        await context.Response.WriteAsync("data: the beginning");
                        break;
                }
            },
            http == "1.1" ? HttpProtocols.Http1 : HttpProtocols.Http2);
        var options = new BenchmarkOptions { Requests = 6, Concurrency = 2, Http = Version.Parse(http) };
        var report = await Benchmark.Route(new Uri(AddressOf(app), "/"), options with { ServerSentEvents = true });
        Assert.False(report.HasErrors);
        var streams = report.Streams!;
        Assert.Equal((6L, 30L, 0L), (streams.Count, streams.Events, streams.Truncated));
        Assert.Equal((6L, 24L), (streams.FirstEvent.Count, streams.Gaps.Count));
        report = await Benchmark.Route(new Uri(AddressOf(app), "/inside"), options);
        Assert.Equal((6L, 6L), (report.Streams!.Count, report.Streams.Truncated));
        Assert.True(report.HasErrors);
        report = await Benchmark.Route(new Uri(AddressOf(app), "/broken"), options);
        Assert.Equal(6, report.Errors["reset"]);
    }

    [Fact]
    public async Task A_stream_whose_connection_ends_within_it_is_truncated_and_an_error()
    {
        var answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "9\r\ndata: 1\n\n\r\n";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            await socket.ReceiveAsync(new byte[1024]);
            await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
        });
        var report = await Benchmark.Route(
            new Uri("http://" + listener.LocalEndpoint), new() { Requests = 1, Concurrency = 1 });
        await serving;
        Assert.Equal((1L, 1L, 1L), (report.Streams!.Truncated, report.Streams.Events, report.Errors["reset"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40_000)]
    public async Task Messages_over_WebSockets_go_there_and_back(int bytes)
    {
        await using var app = await StartEchoAsync();
        var report = await Benchmark.Route(
            AddressOf(app), new() { WebSocket = true, Requests = 50, Concurrency = 3, MessageBytes = bytes });
        Assert.False(report.HasErrors);
        Assert.Equal((50L, 3L), (report.Latency.Count, report.Connect.Count));
        Assert.Equal((50L * bytes, 50L * bytes), (report.BytesIn, report.BytesOut));
        report = await Benchmark.Route(
            AddressOf(app), new() { WebSocket = true, Requests = 5, Concurrency = 2, NewConnections = true });
        Assert.Equal((5L, 5L), (report.Latency.Count, report.Connect.Count));
        Assert.Empty(report.Errors);
    }

    [Fact]
    public async Task A_server_that_stalls_for_a_second_is_seen_by_all_that_came_meanwhile()
    {
        // Every request that comes while one stalls waits for it, as before a lock or a collection of garbage.
        var count = 0;
        Task? stall = null;
        await using var app = new HttpApp(new() { Port = 0 });
        app.Get("/", async () =>
        {
            if (Interlocked.Increment(ref count) == 50)
            {
                stall = Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            }

            await (stall ?? Task.CompletedTask);
            return "x";
        });
        await app.StartAsync();
        var report = await Benchmark.Route(
            app.Addresses[0], new() { Rate = 100, Requests = 200, Concurrency = 2 });
        Assert.Equal((200L, 0L), (report.Latency.Count, report.Missed));
        // Of the hundred that were due in that second half waited for half of it or longer: a quarter of all.
        Assert.InRange(report.Latency.Max, TimeSpan.FromSeconds(0.95), TimeSpan.MaxValue);
        Assert.InRange(report.Latency.P99, TimeSpan.FromSeconds(0.9), TimeSpan.MaxValue);
        Assert.InRange(report.Latency.P90, TimeSpan.FromSeconds(0.7), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Requests_for_which_there_is_no_room_are_missed()
    {
        var first = new TaskCompletionSource();
        await using var app = new HttpApp(new() { Port = 0 });
        app.Get("/", async () =>
        {
            await first.Task;
            return "x";
        });
        await app.StartAsync();
        var report = await Benchmark.Route(app.Addresses[0], new()
        {
            Rate = 1000,
            Duration = TimeSpan.FromMilliseconds(100),
            Concurrency = 2,
            MaxWaiting = 10,
            Timeout = TimeSpan.FromMilliseconds(300),
        });
        first.SetResult();
        Assert.Equal(100, report.Requests + report.Missed);
        Assert.InRange(report.Missed, 80, 100);
        Assert.True(report.HasErrors);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5000d)]
    public async Task Who_ends_a_run_gets_what_was_measured(double? rate)
    {
        using var stop = new CancellationTokenSource();
        var count = 0;
        await using var app = new HttpApp(new() { Port = 0 });
        app.Get("/", async () =>
        {
            if (Interlocked.Increment(ref count) == 100)
            {
                await stop.CancelAsync();
            }

            return "x";
        });
        await app.StartAsync();
        var report = await Benchmark.Route(
            app.Addresses[0], new() { Duration = TimeSpan.FromHours(1), Rate = rate }, stop.Token);
        Assert.InRange(report.Requests, 80, long.MaxValue);
        Assert.Empty(report.Errors);
    }

    [Fact]
    public async Task All_that_is_wrong_is_named()
    {
        var options = new BenchmarkOptions
        {
            Method = "G T",
            Concurrency = 0,
            Rate = 0,
            Duration = TimeSpan.Zero,
            Headers = [new("Content-Length", "1"), new("X", "a\nb")],
            Http = new Version(9, 9),
            MessageBytes = -1,
        };
        var fault = await Assert.ThrowsAsync<ArgumentException>(() => Benchmark.Route(new Uri("ftp://x/"), options));
        string[] names = ["Url: ftp://x/", "Method: G T", "Concurrency: 0", "Rate: 0", "Duration: 0 s",
            "Header: Content-Length", "Header: X: a\nb", "Http: 9.9", "MessageBytes: -1"];
        Assert.All(names, name => Assert.Contains(name + "; accepted: ", fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_report_reads_as_table_and_as_JSON()
    {
        await using var app = new HttpApp(new() { Port = 0 });
        app.Get("/", () => "x");
        await app.StartAsync();
        var report = await Benchmark.Route(app.Addresses[0], new() { Requests = 20, Rate = 2000, Concurrency = 2 });
        Assert.Matches(@"(?m)^statuses +2xx 20$", report.ToString());
        Assert.Matches(@"(?m)^latency( +\d+\.\d{3}){8}$", report.ToString());
        using var bytes = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(bytes))
        {
            report.WriteJson(writer);
        }

        var json = JsonElement.Parse(Encoding.UTF8.GetString(bytes.ToArray()));
        Assert.Equal(20, json.GetProperty("requests").GetInt32());
        Assert.Equal(20, json.GetProperty("latency_ms").GetProperty("count").GetInt32());
        Assert.Equal(2000, json.GetProperty("rate").GetDouble());
        Assert.False(json.TryGetProperty("streams", out _));
    }

    private static Uri AddressOf(WebApplication app) => new(app.Urls.Single());

    private static async Task<WebApplication> StartBareAsync(RequestDelegate handler, HttpProtocols protocols)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = protocols));
        var app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return app;
    }

    private static async Task<WebApplication> StartEchoAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[1024];
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                    return;
                }

                await socket.SendAsync(
                    buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
            }
        });
        await app.StartAsync();
        return app;
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(40), DateTimeOffset.UnixEpoch.AddYears(130));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
