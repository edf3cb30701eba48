using System.Net.Sockets;
using System.Text;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Connections.Http1;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Connections.Http1;

public sealed class Http1ConnectionPoolTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task A_request_says_what_is_sent_and_where_it_ends()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        var pool = NewPool(upstream);
        using var request = NewRequest(upstream, "[1,", "22", ",3]");
        request.AddField("Authorization", "Bearer k");
        Assert.Equal("{}", await AskAsync(pool, request));
        var host = new Uri(upstream.BaseUrl).Authority;
        Assert.Equal(
            $"POST /v1/chat?x=1 HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer k\r\n"
            + "Content-Type: application/json\r\nContent-Length: 8\r\n\r\n",
            upstream.Only.Head);
        Assert.Equal("[1,22,3]", upstream.Only.Body);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(16 * 1024)]
    [InlineData(3_000_000)]
    public async Task A_body_of_any_size_arrives_whole_and_the_answer_too(int size)
    {
        var body = new string('b', size);
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(body), ScriptedUpstream.Events(body, 1000));
        var pool = NewPool(upstream);
        for (var i = 0; i < 2; i++)
        {
            using var request = NewRequest(upstream, body[..(size / 2)], body[(size / 2)..]);
            Assert.Equal(body, await AskAsync(pool, request));
        }

        Assert.All(upstream.Requests, request => Assert.Equal(body, request.Body));
        Assert.Equal(1, pool.Open);
    }

    [Fact]
    public async Task A_connection_is_used_again_only_after_its_answer_was_read_to_the_end()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("0123456789"));
        var pool = NewPool(upstream);
        using (var response = await pool.SendAsync(NewRequest(upstream), CancellationToken.None))
        {
            await response.ReadAsync(new byte[5], CancellationToken.None);
        }

        Assert.Equal(0, pool.Open);
        Assert.Equal("0123456789", await AskAsync(pool, NewRequest(upstream)));
        Assert.Equal(1, pool.Open);
        Assert.Equal("0123456789", await AskAsync(pool, NewRequest(upstream)));
        Assert.Equal(1, pool.Open);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nsurplus")]
    public async Task A_connection_that_is_to_close_or_says_more_than_was_asked_is_not_used_again(string answer)
    {
        await using var upstream = new ScriptedUpstream(connection => connection.SendAsync(answer));
        var pool = NewPool(upstream);
        Assert.Equal("{}", await AskAsync(pool, NewRequest(upstream)));
        Assert.Equal(0, pool.Open);
        Assert.Equal("{}", await AskAsync(pool, NewRequest(upstream)));
    }

    [Fact]
    public async Task Without_a_length_the_body_ends_with_the_connection()
    {
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendAsync("HTTP/1.1 200 OK\r\n\r\nall ");
            await connection.SendAsync("of it");
            connection.Dispose();
        });
        Assert.Equal("all of it", await AskAsync(NewPool(upstream), NewRequest(upstream)));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("")]
    public async Task An_answer_that_is_cut_is_an_error_and_is_not_asked_for_again(string answer)
    {
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendAsync(answer);
            connection.Dispose();
        });
        var pool = NewPool(upstream);
        await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(pool, NewRequest(upstream)));
        Assert.Single(upstream.Requests);
        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public async Task A_request_on_a_connection_that_the_provider_had_closed_is_sent_on_a_new_one()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("1"),
            connection =>
            {
                // Closed without a byte, as if the request had crossed the close.
                connection.Reset();
                return Task.CompletedTask;
            },
            ScriptedUpstream.Json("2"));
        var pool = NewPool(upstream);
        Assert.Equal("1", await AskAsync(pool, NewRequest(upstream)));
        Assert.Equal("2", await AskAsync(pool, NewRequest(upstream, "body")));
        Assert.Equal(["", "body", "body"], upstream.Requests.Select(request => request.Body));
        Assert.Equal(1, pool.Open);
    }

    [Fact]
    public async Task It_is_sent_again_once_only()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("1"),
            connection =>
            {
                connection.Reset();
                return Task.CompletedTask;
            });
        var pool = NewPool(upstream);
        await AskAsync(pool, NewRequest(upstream));
        await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(pool, NewRequest(upstream)));
        Assert.Equal(3, upstream.Requests.Count);
        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public async Task A_connection_found_closed_after_a_rest_is_not_tried()
    {
        var closed = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await ScriptedUpstream.Json("1")(connection);
                connection.Dispose();
                closed.SetResult();
            },
            ScriptedUpstream.Json("2"));
        var pool = NewPool(upstream);
        await AskAsync(pool, NewRequest(upstream));
        await closed.Task;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2", await AskAsync(pool, NewRequest(upstream)));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Beyond_the_limit_callers_wait_in_their_order_and_one_that_gives_up_leaves()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await go.Task;
                await ScriptedUpstream.Json("1")(connection);
            },
            ScriptedUpstream.Json("2"));
        var pool = NewPool(upstream, maxConnections: 1);
        using var impatience = new CancellationTokenSource();
        var first = AskAsync(pool, NewRequest(upstream, "first"));
        var second = AskAsync(pool, NewRequest(upstream, "second"), impatience.Token);
        var third = AskAsync(pool, NewRequest(upstream, "third"));
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        go.SetResult();
        Assert.Equal(("1", "2"), (await first, await third));
        Assert.Equal(["first", "third"], upstream.Requests.Select(request => request.Body));
        Assert.Equal(1, pool.Open);
    }

    [Fact]
    public async Task A_place_that_gets_free_by_a_failure_goes_to_the_next_caller()
    {
        await using var upstream = new ScriptedUpstream(
            connection =>
            {
                connection.Reset();
                return Task.CompletedTask;
            },
            ScriptedUpstream.Json("2"));
        var pool = NewPool(upstream, maxConnections: 1);
        var first = AskAsync(pool, NewRequest(upstream));
        var second = AskAsync(pool, NewRequest(upstream));
        await Assert.ThrowsAnyAsync<IOException>(() => first);
        Assert.Equal("2", await second);
    }

    [Fact]
    public async Task Cancelling_a_call_closes_its_connection()
    {
        var closed = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.WaitForCloseAsync();
            closed.SetResult();
        });
        var pool = NewPool(upstream);
        using var cancellation = new CancellationTokenSource();
        var call = AskAsync(pool, NewRequest(upstream), cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(0, pool.Open);
        if (!upstream.Requests.IsEmpty)
        {
            await closed.Task;
        }
    }

    [Fact]
    public async Task Idle_connections_beyond_the_number_to_keep_close_soon_and_the_others_in_time()
    {
        var together = new TaskCompletionSource();
        var waiting = 0;
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            if (Interlocked.Increment(ref waiting) == 3)
            {
                together.SetResult();
            }

            await together.Task;
            await ScriptedUpstream.Json("{}")(connection);
        });
        var pool = NewPool(upstream, maxIdle: 1);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => AskAsync(pool, NewRequest(upstream))));
        Assert.Equal(3, pool.Open);
        _clock.Advance(Http1Limits.TrimPeriod);
        Assert.Equal(1, pool.Open);
        for (var time = TimeSpan.Zero; time <= Http1Limits.IdleTime; time += Http1Limits.TrimPeriod)
        {
            _clock.Advance(Http1Limits.TrimPeriod);
        }

        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public async Task A_connection_is_not_used_beyond_its_lifetime()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        var pool = NewPool(upstream);
        using (var response = await pool.SendAsync(NewRequest(upstream), CancellationToken.None))
        {
            await ReadAsync(response);
            _clock.Advance(Http1Limits.Lifetime + TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public async Task A_refusal_that_comes_before_the_body_was_read_is_told()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        var address = new Uri($"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndPoint!).Port}/");
        var serving = Task.Run(async () =>
        {
            using var connection = await listener.AcceptAsync();
            await connection.ReceiveAsync(new byte[100]);
            await connection.SendAsync("HTTP/1.1 413 X\r\nContent-Length: 3\r\n\r\nbig"u8.ToArray());

            // Closed with bytes unread: what is still being sent is answered by a reset.
            connection.Close();
        });
        var pool = new Http1ConnectionPool(new Http1Dialer(address, TimeSpan.FromSeconds(5), _clock), 1, 1, _clock);
        using var request = new UpstreamRequest(HttpMethod.Post, new UpstreamTarget(address));
        request.SetBody(new byte[8_000_000]);
        using (var response = await pool.SendAsync(request, CancellationToken.None))
        {
            Assert.Equal((413, "big"), (response.Status, await ReadAsync(response)));
        }

        await serving;
    }

    [Fact]
    public async Task Nobody_listening_and_no_such_name_are_told_apart()
    {
        var refused = new Uri("http://127.0.0.1:1/");
        var unknown = new Uri("http://name.invalid/");
        Assert.Equal(HttpRequestError.ConnectionError, await FailAsync(refused));
        Assert.Equal(HttpRequestError.NameResolutionError, await FailAsync(unknown));
    }

    [Fact]
    public async Task A_provider_that_speaks_no_TLS_is_told_as_such()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var connection = await listener.AcceptSocketAsync();
            await connection.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        });
        Assert.Equal(
            HttpRequestError.SecureConnectionError,
            await FailAsync(new Uri($"https://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}/")));
        await serving;
    }

    [Fact]
    public async Task A_handshake_without_answer_ends_at_the_limit_of_connecting()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        var failing = FailAsync(new UriBuilder(upstream.BaseUrl) { Scheme = "https" }.Uri);
        while (!failing.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(HttpRequestError.ConnectionError, await failing);
    }

    private async Task<HttpRequestError> FailAsync(Uri address)
    {
        var pool = new Http1ConnectionPool(new Http1Dialer(address, TimeSpan.FromSeconds(5), _clock), 1, 1, _clock);
        using var request = new UpstreamRequest(HttpMethod.Post, new UpstreamTarget(address));
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(pool, request));
        Assert.Equal(0, pool.Open);
        return e.HttpRequestError;
    }

    private Http1ConnectionPool NewPool(ScriptedUpstream upstream, int maxConnections = 10, int maxIdle = 10) => new(
        new Http1Dialer(new Uri(upstream.BaseUrl), TimeSpan.FromSeconds(5), _clock), maxConnections, maxIdle, _clock);

    private static UpstreamRequest NewRequest(
        ScriptedUpstream upstream, string head = "", string middle = "", string tail = "")
    {
        var request = new UpstreamRequest(
            HttpMethod.Post, new UpstreamTarget(new Uri(upstream.BaseUrl + "/chat?x=1")));
        request.SetBody(Encoding.UTF8.GetBytes(head), Encoding.UTF8.GetBytes(middle), Encoding.UTF8.GetBytes(tail));
        return request;
    }

    private static async Task<string> AskAsync(
        Http1ConnectionPool pool, UpstreamRequest request, CancellationToken cancellationToken = default)
    {
        using var response = await pool.SendAsync(request, cancellationToken);
        return await ReadAsync(response);
    }

    private static async Task<string> ReadAsync(UpstreamResponse response)
    {
        using var all = new MemoryStream();
        var piece = new byte[1024];
        while (await response.ReadAsync(piece, CancellationToken.None) is > 0 and var read)
        {
            all.Write(piece, 0, read);
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }
}
