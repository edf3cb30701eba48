using System.Net;
using System.Net.Sockets;
using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

/// <summary>The simulated provider over real sockets on loopback.</summary>
public sealed class SimServerTests
{
    private static readonly string Streamed = SimCaller.Ask("echo: one two three four", ",\"stream\":true");

    [Fact]
    public async Task Answers_and_streams_as_the_engine_says()
    {
        await using var server = await StartAsync("");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await PostAsync(client, Streamed);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal(SimCaller.Text(new SimCaller().Send(Streamed)), await response.Content.ReadAsStringAsync());
        Assert.Contains("\"sim\"", await client.GetStringAsync("/v1/models"), StringComparison.Ordinal);
        Assert.Contains("\"calls\":2", await client.GetStringAsync("/sim/state"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reset_is_a_tcp_reset()
    {
        await using var server = await StartAsync("rules: [{fault: reset}]");
        using var client = new HttpClient { BaseAddress = server.Address };
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(client, Streamed));
        var socket = Assert.IsType<SocketException>(e.InnerException!.InnerException);
        Assert.Equal(SocketError.ConnectionReset, socket.SocketErrorCode);
    }

    [Theory]
    [InlineData("{type: cut, after: 2, ending: reset}")]
    [InlineData("{type: reset, after: 2}")]
    public async Task A_stream_reset_in_the_middle_fails_the_read(string fault)
    {
        await using var server = await StartAsync($"rules: [{{fault: {fault}}}]");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await PostAsync(client, Streamed);
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var read = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(() => stream.CopyToAsync(read));
        Assert.Equal(["one", " two"], SimCaller.Deltas(Encoding.UTF8.GetString(read.ToArray())));
    }

    [Fact]
    public async Task A_truncated_body_fails_the_read()
    {
        await using var server = await StartAsync("rules: [{fault: {type: truncated_body, missing: 5}}]");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await PostAsync(client, SimCaller.Ask("echo: hi"));
        await using var stream = await response.Content.ReadAsStreamAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => stream.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task A_cut_in_good_order_ends_as_http_says()
    {
        await using var server = await StartAsync("rules: [{fault: {type: cut, after: 2}}]");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await PostAsync(client, Streamed);
        Assert.Equal(["one", " two"], SimCaller.Deltas(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Headers_come_before_a_first_token_that_never_does_and_the_server_still_stops()
    {
        var server = await StartAsync("rules: [{fault: {type: stall, after: 0}}]");
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await PostAsync(client, Streamed);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var read = response.Content.ReadAsStringAsync();
        Assert.False(read.IsCompleted);
        await server.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => read);
    }

    [Fact]
    public async Task Running_it_prints_where_it_listens_and_stops_when_told()
    {
        using var stop = new CancellationTokenSource();
        var output = new LineWriter();
        var run = SimServer.RunAsync(new SimOptions(), SimCaller.Dialects, "127.0.0.1", 0, output, stop.Token);
        var line = await output.Line;
        Assert.Matches(@"^quoin sim listens on http://127\.0\.0\.1:\d+ \(no faults\)$", line);
        using var client = new HttpClient { BaseAddress = new Uri(line.Split(' ')[4]) };
        using var response = await PostAsync(client, SimCaller.Ask("echo: hi"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await stop.CancelAsync();
        await run;
    }

    private static async Task<SimServer> StartAsync(string scenario)
    {
        var engine = new SimEngine(
            new SimOptions(), SimScenarioReader.Parse(scenario, "test.yaml"), SimCaller.Dialects, TimeProvider.System,
            control: true);
        var server = new SimServer(engine, TimeProvider.System);
        await server.StartAsync("127.0.0.1", 0, TestContext.Current.CancellationToken);
        return server;
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, SimCaller.Chat)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return await client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    private sealed class LineWriter : StringWriter
    {
        private readonly TaskCompletionSource<string> _line = new();

        public Task<string> Line => _line.Task;

        public override Task WriteLineAsync(string? value)
        {
            _line.TrySetResult(value!);
            return Task.CompletedTask;
        }
    }
}
