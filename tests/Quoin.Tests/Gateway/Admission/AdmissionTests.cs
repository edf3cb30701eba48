using System.Net;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Admission;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Admission;

/// <summary>The queue in the whole server.</summary>
public sealed class AdmissionTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Body = """{"model":"m","messages":[]}""";
    private const string Answer = """{"id":"c","choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}""";

    [Theory]
    [InlineData("X-Quoin-Priority", "urgent")]
    [InlineData("X-Quoin-Priority", "3")]
    [InlineData("X-Quoin-Timeout", "soon")]
    [InlineData("X-Quoin-Timeout", "0")]
    [InlineData("X-Quoin-Timeout", "-1")]
    public async Task Headers_that_say_nothing_are_refused(string name, string value)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        gateway.Client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        var (status, body) = await gateway.AskAsync(Chat, Body);
        Assert.Equal(400, status);
        Assert.Contains(name, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clients_timeout_ends_the_call()
    {
        await using var upstream = new ScriptedUpstream(connection => connection.WaitForCloseAsync());
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        gateway.Client.DefaultRequestHeaders.Add("X-Quoin-Timeout", "50ms");
        var (status, body) = await gateway.AskAsync(Chat, Body);
        Assert.Equal(504, status);
        Assert.Contains("X-Quoin-Timeout", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Chat, Body)]
    [InlineData("/v1/messages", """{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/v1beta/models/m:generateContent", """{"contents":[{"parts":[{"text":"x"}]}]}""")]
    public async Task A_full_queue_refuses_in_each_dialect_and_a_client_that_leaves_frees_its_place(
        string path, string body)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await release.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: Queue(1));
        var running = gateway.AskAsync(Chat, Body);
        await UntilAsync(gateway, queue => queue.GetProperty("in_use").GetInt32() == 1);
        using var leaving = new CancellationTokenSource();
        var waiting = gateway.PostAsync(Chat, Body, leaving.Token);
        await UntilAsync(gateway, queue => queue.GetProperty("length").GetInt32() == 1);

        using var refused = await gateway.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter?.Delta);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await UntilAsync(gateway, queue => queue.GetProperty("length").GetInt32() == 0);
        release.SetResult();
        Assert.Equal(200, (await running).Status);
    }

    [Fact]
    public async Task Switching_the_queue_off_starts_who_waits()
    {
        using var queue = NewQueue(1);
        Assert.True(queue.TryEnter(out _));
        var waiting = queue
            .EnterAsync("f", Priority.Low, long.MaxValue, long.MaxValue, CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        queue.Configure(new QueueOptions());
        Assert.Null((await waiting).Refusal);
    }

    [Fact]
    public async Task Who_waits_past_its_time_is_refused_and_stopping_refuses_the_rest()
    {
        var clock = new Fakes.ManualClock();
        using var queue = NewQueue(5, clock);
        Assert.True(queue.TryEnter(out _));
        var soon = clock.GetTimestamp() + TimeSpan.TicksPerSecond;
        var first = queue.EnterAsync("f", Priority.High, soon, soon, CancellationToken.None).AsTask();
        var second = queue.EnterAsync("f", Priority.High, soon * 100, soon * 100, CancellationToken.None).AsTask();
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Refusal.Expired, (await first).Refusal);
        Assert.False(second.IsCompleted);
        queue.Stop();
        Assert.Equal(Refusal.Stopping, (await second).Refusal);
    }

    private static AdmissionQueue NewQueue(int size, TimeProvider? time = null) => new(
        time ?? new Fakes.ManualClock(),
        new AdmissionMetrics(new Quoin.Server.Telemetry.MetricRegistry(time ?? new Fakes.ManualClock())),
        new QueueOptions { Enabled = true, MaxConcurrency = 1, InitialSize = size });

    private static Func<QuoinOptions, QuoinOptions> Queue(int size) => options => options with
    {
        Queue = new QueueOptions { Enabled = true, MaxConcurrency = 1, InitialSize = size },
    };

    private static async Task UntilAsync(TestGateway gateway, Func<JsonElement, bool> reached)
    {
        while (true)
        {
            using var json = JsonDocument.Parse(await gateway.Client.GetStringAsync("/api/v1/queue"));
            if (reached(json.RootElement))
            {
                return;
            }
        }
    }
}
