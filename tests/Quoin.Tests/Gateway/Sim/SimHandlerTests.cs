using System.Net;
using System.Net.Sockets;
using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Sim;

public sealed class SimHandlerTests
{
    private static readonly string Streamed = SimCaller.Ask("echo: one two three four", ",\"stream\":true");

    [Fact]
    public async Task An_answer_comes_as_a_response()
    {
        using var client = Client("", out _);
        using var response = await Send(client, SimCaller.Ask("echo: hi"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("sim-", response.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
        Assert.Contains("\"text\":\"hi\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_have_their_headers()
    {
        using var client = Client("rules: [{fault: {type: rate_limit, retry_after: 7s}}]", out _);
        using var response = await Send(client, Streamed);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task A_stream_is_read_token_by_token_at_its_times()
    {
        var options = new SimOptions
        {
            Latency = TimeSpan.FromSeconds(1),
            FirstToken = TimeSpan.FromSeconds(5),
            TokenRate = 2,
        };
        using var client = Client("", out var time, options);
        var start = time.GetUtcNow();
        using var response = await Send(client, Streamed);
        Assert.Equal(1, (time.GetUtcNow() - start).TotalSeconds);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var times = new List<double>();
        var buffer = new byte[4096];
        var length = 0;
        while ((length = await stream.ReadAsync(buffer)) > 0)
        {
            if (Encoding.UTF8.GetString(buffer, 0, length).Contains("BlockDelta", StringComparison.Ordinal))
            {
                times.Add((time.GetUtcNow() - start).TotalSeconds);
            }
        }

        Assert.Equal([6, 6.5, 7, 7.5], times);
    }

    [Fact]
    public async Task A_stream_read_byte_by_byte_is_the_same()
    {
        using var client = Client("", out _);
        using var response = await Send(client, Streamed);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var bytes = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one) > 0)
        {
            bytes.Add(one[0]);
        }

        Assert.Equal(SimCaller.Text(new SimCaller().Send(Streamed)), Encoding.UTF8.GetString([.. bytes]));
    }

    [Fact]
    public async Task A_reset_before_the_headers_fails_the_call()
    {
        using var client = Client("rules: [{fault: reset}]", out _);
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => Send(client, Streamed));
        var socket = Assert.IsType<SocketException>(e.InnerException!.InnerException);
        Assert.Equal(SocketError.ConnectionReset, socket.SocketErrorCode);
    }

    [Theory]
    [InlineData("{type: cut, after: 2, ending: reset}", true)]
    [InlineData("{type: cut, after: 2}", true)]
    [InlineData("truncated_body", false)]
    public async Task What_was_sent_is_read_before_the_break(string fault, bool streamed)
    {
        using var client = Client($"rules: [{{fault: {fault}}}]", out _);
        using var response = await Send(client, streamed ? Streamed : SimCaller.Ask("echo: one two"));
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var read = new MemoryStream();
        var copy = stream.CopyToAsync(read);
        if (fault.EndsWith("2}", StringComparison.Ordinal))
        {
            await copy;
        }
        else
        {
            await Assert.ThrowsAsync<HttpIOException>(() => copy);
        }

        var text = Encoding.UTF8.GetString(read.ToArray());
        Assert.Contains("two", text, StringComparison.Ordinal);
        Assert.DoesNotContain("three", text, StringComparison.Ordinal);
        if (!streamed)
        {
            Assert.Equal(read.Length + 16, response.Content.Headers.ContentLength);
        }
    }

    [Fact]
    public async Task Silence_lasts_until_the_caller_gives_up()
    {
        using var client = Client("rules: [{match: {stream: false}, fault: no_response}, {fault: stall}]", out _);
        using var giveUp = new CancellationTokenSource();
        var call = Send(client, SimCaller.Ask("a"), giveUp.Token);
        using var response = await Send(client, Streamed);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var read = stream.CopyToAsync(Stream.Null, giveUp.Token);
        Assert.False(call.IsCompleted || read.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public void A_scenario_at_fault_is_told_when_the_handler_is_made() => Assert.Throws<SimScenarioException>(
        () => SimHandler.Create(new SimOptions { Scenario = "/nowhere" }, SimCaller.Dialects, TimeProvider.System));

    private static HttpMessageInvoker Client(string scenario, out JumpingTime time, SimOptions? options = null)
    {
        var caller = new SimCaller(scenario, options);
        time = caller.Time;
        return new HttpMessageInvoker(new SimHandler(caller.Engine, time));
    }

    private static async Task<HttpResponseMessage> Send(
        HttpMessageInvoker client, string body, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://sim.invalid" + SimCaller.Chat)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return await client.SendAsync(request, cancellationToken);
    }
}
