using System.Net.Sockets;
using System.Text;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;
using static Quoin.Tests.Gateway.Cache.CacheRig;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>Equal requests at the same time, and failed calls: who asks the provider, and who is told what.</summary>
public sealed class CacheFlightTests
{
    [Fact]
    public async Task A_thousand_equal_requests_at_once_make_one_call()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 1000).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 999);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal((200, Answer), answer));
        Assert.Equal(1, CallsOf(upstream));

        // A client has its answer before the answer is counted.
        var stats = await StatsAsync(gateway);
        while (stats.GetProperty("coalesced").GetInt32() < 999)
        {
            stats = await StatsAsync(gateway);
        }

        Assert.Equal((999, 1), (stats.GetProperty("coalesced").GetInt32(), stats.GetProperty("misses").GetInt32()));
    }

    [Fact]
    public async Task When_the_first_client_leaves_one_that_waits_takes_over()
    {
        var left = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.WaitForCloseAsync();
                left.SetResult();
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var leaving = new CancellationTokenSource();
        var first = gateway.PostAsync(Chat, Body, leaving.Token);
        while (CallsOf(upstream) == 0)
        {
            await Task.Yield();
        }

        var others = Enumerable.Range(0, 20).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 20);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await left.Task;
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal((200, Answer), answer));
        Assert.Equal(2, CallsOf(upstream));
    }

    [Fact]
    public async Task When_the_first_call_fails_one_takes_over_and_a_provider_that_stays_down_is_not_asked_by_all()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json("{}", 500)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 50).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 49);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(502, answer.Status));
        Assert.InRange(upstream.Requests.Count, 2, 6);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_answer_keeps_no_other_waiting()
    {
        var large = Answer.Replace("Hello there", new string('x', 4_000_000));
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(large));
        await using var gateway = await StartAsync(upstream);
        using var sleeper = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await sleeper.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await sleeper.SendAsync(Encoding.UTF8.GetBytes(
            $"POST {Chat} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {Body.Length}\r\n\r\n{Body}"));
        await sleeper.ReceiveAsync(new byte[1]);
        Assert.Equal((200, large), await gateway.AskAsync(Chat, Body));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_stale_answer_is_better_than_a_broken_provider_where_that_is_allowed()
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer), ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json("{}", 400),
            ScriptedUpstream.Json("{}", 500));
        await using var gateway = await StartAsync(
            upstream, cache => cache with { StaleIfError = TimeSpan.FromMinutes(10) }, clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromMinutes(6));
        using var stale = await gateway.PostAsync(Chat, Body);
        Assert.Equal((200, "stale"), ((int)stale.StatusCode, OutcomeOf(stale)));
        Assert.Equal(Answer, await stale.Content.ReadAsStringAsync());
        Assert.Equal(400, (await gateway.AskAsync(Chat, Body)).Status);
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(502, (await gateway.AskAsync(Chat, Body)).Status);
    }

    [Fact]
    public async Task Those_who_wait_get_a_stale_answer_after_the_first_failure()
    {
        var clock = new ManualClock();
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer),
            async connection =>
            {
                await go.Task;
                await ScriptedUpstream.Json("{}", 500)(connection);
            });
        await using var gateway = await StartAsync(
            upstream, cache => cache with { StaleIfError = TimeSpan.FromMinutes(10) }, clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromMinutes(6));
        var asking = Enumerable.Range(0, 20).Select(_ => gateway.PostAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 19);
        go.SetResult();
        foreach (var response in await Task.WhenAll(asking))
        {
            Assert.Equal((200, "stale"), ((int)response.StatusCode, OutcomeOf(response)));
            response.Dispose();
        }

        Assert.Equal(2, CallsOf(upstream));
    }

    [Fact]
    public async Task Each_waits_within_its_own_time()
    {
        var clock = new ManualClock();
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var gateway = await StartAsync(upstream, clock: clock);
        var first = gateway.AskAsync(Chat, Body);
        while (CallsOf(upstream) == 0)
        {
            await Task.Yield();
        }

        using var hurried = NewRequest("");
        hurried.Headers.Add("X-Quoin-Timeout", "1s");
        var second = gateway.Client.SendAsync(hurried);
        await WaitAsync(gateway, 1);
        clock.Advance(TimeSpan.FromSeconds(2));
        using var late = await second;
        Assert.Equal(504, (int)late.StatusCode);
        go.SetResult();
        Assert.Equal((200, Answer), await first);
        Assert.Equal(1, CallsOf(upstream));
    }

    [Fact]
    public async Task The_time_that_a_client_cut_short_is_no_failure_for_others()
    {
        var clock = new ManualClock();
        var fresh = Answer.Replace("there", "again");
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer), connection => connection.WaitForCloseAsync(), ScriptedUpstream.Json(fresh));
        await using var gateway = await StartAsync(
            upstream, cache => cache with { StaleIfError = TimeSpan.FromMinutes(10) }, clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromMinutes(6));
        using var request = NewRequest("");
        request.Headers.Add("X-Quoin-Timeout", "1s");
        var hurried = gateway.Client.SendAsync(request);
        while (CallsOf(upstream) < 2)
        {
            await Task.Yield();
        }

        var patient = gateway.AskAsync(Chat, Body);
        await WaitAsync(gateway, 1);
        clock.Advance(TimeSpan.FromSeconds(2));
        using var late = await hurried;
        Assert.Equal("stale", OutcomeOf(late));
        Assert.Equal((200, fresh), await patient);
    }

    [Fact]
    public async Task An_error_that_is_the_requests_own_is_told_to_all_who_wait()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json("""{"error":{"message":"bad"}}""", 400)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 20).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 19);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(400, answer.Status));
        Assert.Equal(1, CallsOf(upstream));
        Assert.Equal(400, (await gateway.AskAsync(Chat, Body)).Status);
        Assert.Equal(2, CallsOf(upstream));
    }

    [Fact]
    public async Task An_answer_that_is_not_kept_is_shared_all_the_same()
    {
        var filtered = Answer.Replace("\"stop\"", "\"content_filter\"");
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(filtered)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 20).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 19);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal((200, filtered), answer));
        Assert.Equal(1, CallsOf(upstream));
        Assert.Equal("miss", await AskAsync(gateway, ""));
    }

    [Fact]
    public async Task Those_who_cannot_share_an_answer_do_not_wait_for_each_other()
    {
        var large = Answer.Replace("Hello there", new string('x', 5 * 1024 * 1024));
        var go = new TaskCompletionSource();
        var (calls, all) = (0, new TaskCompletionSource());
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            var call = Interlocked.Increment(ref calls);
            if (call == 20)
            {
                all.SetResult();
            }

            // The nineteen after the first go on only when all have come.
            await (call == 1 ? go.Task : all.Task);
            await ScriptedUpstream.Json(large)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 20).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 19);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(large.Length, answer.Body.Length));
    }

    [Fact]
    public async Task Streams_and_whole_answers_share_one_call()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var whole = gateway.AskAsync(Chat, Body);
        while (CallsOf(upstream) == 0)
        {
            await Task.Yield();
        }

        var streamed = gateway.AskAsync(Chat, Body.Replace("{\"model\"", "{\"stream\":true,\"model\""));
        await WaitAsync(gateway, 1);
        go.SetResult();
        Assert.Equal((200, Answer), await whole);
        var (status, body) = await streamed;
        Assert.Equal(200, status);
        Assert.Contains("Hello there", body, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        Assert.Equal(1, CallsOf(upstream));
    }

    [Fact]
    public async Task Every_request_is_counted_once()
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer), ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(
            upstream, cache => cache with { StaleIfError = TimeSpan.FromMinutes(10) }, clock);
        await gateway.AskAsync(Chat, Body);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("stale", await AskAsync(gateway, ""));
        Assert.Equal("bypass", await AskAsync(gateway, "no-store"));
        var stats = await StatsAsync(gateway);
        Assert.Equal(
            (2, 1, 1, 1, 0),
            (Read("hits"), Read("misses"), Read("stale"), Read("bypassed"), Read("coalesced")));
        Assert.Equal(0.6667, stats.GetProperty("hit_rate").GetDouble());

        int Read(string name) => stats.GetProperty(name).GetInt32();
    }
}
