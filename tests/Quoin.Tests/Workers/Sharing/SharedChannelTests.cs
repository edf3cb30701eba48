using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers.Sharing;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Workers.Sharing;

/// <summary>Workers' connections over a real socket; the time of the workers is the test's.</summary>
public sealed class SharedChannelTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly MetricRegistry _registry = new(TimeProvider.System);
    private readonly RateLimitMetrics _metrics;

    public SharedChannelTests() => _metrics = new RateLimitMetrics(_registry);

    private string SocketPath => Path.Combine(_folder.Path, "s");

    [Fact]
    public async Task Workers_take_from_one_bucket()
    {
        var state = new SharedState(_clock);
        await using var supervisor = Listen(state);
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        BucketClaim[] claims = [SharedRig.Claim("ann", 20, 1), SharedRig.Claim("ann", 1000, 10, LimitUnit.Tokens)];
        var takes = await Task.WhenAll(Enumerable.Range(0, 60).Select(
            i => BucketsOf(i % 2 == 0 ? one : two).TakeAsync(claims, None).AsTask()));
        Assert.Equal(20, takes.Count(take => take!.State(0).Answer == BucketAnswer.Taken));
        Assert.All(takes, take => Assert.Equal(
            take!.State(0).Answer == BucketAnswer.Taken ? 2 : 1, take.Count));
        Assert.Equal(0, state.Unknown);
    }

    [Fact]
    public async Task What_was_settled_is_at_the_supervisor_when_the_worker_has_stopped()
    {
        await using var supervisor = Listen(new SharedState(_clock));
        BucketClaim[] claims = [SharedRig.Claim("ann", 1000, 100, LimitUnit.Tokens)];
        await using (var one = await ConnectAsync())
        {
            BucketsOf(one).Charge(claims).Settle(meter: null);
            BucketsOf(one).Charge(claims);
        }

        await using var two = await ConnectAsync();
        var budgets = new SupervisorBudgets(two);
        budgets.Book("ann", null, new Amounts(5, 7));
        var (spent, _) = (await budgets.ReadAsync("ann", None))!.Value;
        Assert.Equal(new Amounts(5, 7), spent[0].Amounts);

        // Charged 100, settled by nothing used, and charged again. One connection is read before another by chance.
        var left = 0L;
        for (var i = 0; i < 10_000 && left != 900; i++)
        {
            left = (await BucketsOf(two).TakeAsync([claims[0] with { Units = 0 }], None))!.State(0).Left;
        }

        Assert.Equal(900, left);
    }

    [Fact]
    public async Task A_silent_supervisor_costs_its_budget_and_then_nothing_until_one_asks_again()
    {
        using var silent = Silent();
        await using var channel = await ConnectAsync();
        BucketClaim[] claims = [SharedRig.Claim("ann", 20, 1)];
        for (var i = 0; i < SharingLimits.Failures; i++)
        {
            Assert.Null(await PassAsync(SharingLimits.Budget, () => BucketsOf(channel).TakeAsync(claims, None)));
        }

        var atOnce = BucketsOf(channel).TakeAsync(claims, None);
        Assert.True(atOnce.IsCompleted);
        Assert.Null(await atOnce);
        _clock.Advance(SharingLimits.Pause);
        Assert.Null(await PassAsync(SharingLimits.Budget, () => BucketsOf(channel).TakeAsync(claims, None)));
        Assert.Contains(
            "quoin_rate_limit_fallbacks_total 5", Page(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_socket_a_worker_counts_alone_at_once()
    {
        await using var channel = new SharedChannel(SocketPath, _clock, NullLogger.Instance);
        var starting = channel.StartAsync();
        while (!starting.IsCompleted)
        {
            _clock.Advance(SharingLimits.EdgeTime);
            await Task.Yield();
        }

        await starting;
        Assert.Null(await BucketsOf(channel).TakeAsync([SharedRig.Claim("ann", 20, 1)], None));
        Assert.Null(await new SupervisorBudgets(channel).ReserveAsync("ann", [], new Amounts(1, 1), None));
        Assert.Null(await new SupervisorBreakers(channel).ReadAsync(["one"], None));
    }

    [Fact]
    public async Task A_lost_connection_is_made_anew_and_what_was_reserved_over_it_is_released_once()
    {
        var state = new SharedState(_clock);
        var first = Listen(state);
        await using var channel = await ConnectAsync();
        var budgets = new SupervisorBudgets(channel);
        BudgetOptions[] day = [new() { Per = "day", Tokens = 100 }];
        var before = await budgets.ReserveAsync("ann", day, new Amounts(0, 60), None);
        Assert.Null(before!.Refusal);
        await first.DisposeAsync();
        File.Delete(SocketPath);
        await using var second = Listen(state);
        SharedReservation? after = null;
        while (after is null)
        {
            await Task.Yield();
            _clock.Advance(SharingLimits.Pause);
            after = await budgets.ReserveAsync("ann", day, new Amounts(0, 90), None);
        }

        Assert.Null(after.Refusal);
        budgets.Book("ann", before, new Amounts(0, 5));
        var (spent, reserved) = (await budgets.ReadAsync("ann", None))!.Value;
        Assert.Equal((5, 90), (spent[0].Amounts.Tokens, reserved.Tokens));
    }

    [Fact]
    public async Task Breakers_are_told_to_others()
    {
        await using var supervisor = Listen(new SharedState(_clock));
        await using var one = await ConnectAsync();
        await using var two = await ConnectAsync();
        await new SupervisorBreakers(one).OpenAsync("b", TimeSpan.FromSeconds(30), None);
        Assert.Equal([TimeSpan.FromSeconds(30)], await new SupervisorBreakers(one).ReadAsync(["b"], None));
        Assert.Equal([null, TimeSpan.FromSeconds(30)], await new SupervisorBreakers(two).ReadAsync(["a", "b"], None));
        var many = Enumerable.Range(0, SharingLimits.BreakersAtOnce).Select(i => $"b{i}").Append("b").ToList();
        var left = await new SupervisorBreakers(two).ReadAsync(many, None);
        Assert.Equal(TimeSpan.FromSeconds(30), left![^1]);
        await new SupervisorBreakers(two).CloseAsync("b", None);
        Assert.Equal([null], await new SupervisorBreakers(two).ReadAsync(["b"], None));
    }

    [Fact]
    public async Task A_worker_that_says_nonsense_harms_no_other()
    {
        await using var supervisor = Listen(new SharedState(_clock));
        using (var bad = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await bad.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), None);
            await bad.SendAsync(new byte[] { 0xc1, 0xdd, 0xff, 0xff, 0xff, 0xff }, None);
            Assert.Equal(0, await bad.ReceiveAsync(new byte[1], None));
        }

        await using var channel = await ConnectAsync();
        Assert.NotNull(await BucketsOf(channel).TakeAsync([SharedRig.Claim("ann", 20, 1)], None));
    }

    [Fact]
    public async Task A_client_that_leaves_has_taken_nothing()
    {
        await using var supervisor = Listen(new SharedState(_clock));
        await using var channel = await ConnectAsync();
        BucketClaim[] claims = [SharedRig.Claim("ann", 20, 1)];
        for (var i = 0; i < 10; i++)
        {
            using var leaving = new CancellationTokenSource();
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => BucketsOf(channel).TakeAsync(claims, leaving.Token).AsTask());
        }

        // What is given back follows the answers, which come in turn.
        var left = 0L;
        for (var i = 0; i < 10_000 && left < 20; i++)
        {
            left = (await BucketsOf(channel).TakeAsync([claims[0] with { Units = 0 }], None))!.State(0).Left;
        }

        Assert.Equal(20, left);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _folder.Dispose();
    }

    private SharedListener Listen(SharedState state)
    {
        var listener = new SharedListener(SocketPath, state, _clock, NullLogger.Instance);
        listener.Start();
        return listener;
    }

    private Socket Silent()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        socket.Listen();
        return socket;
    }

    private async Task<SharedChannel> ConnectAsync()
    {
        var channel = new SharedChannel(SocketPath, _clock, NullLogger.Instance);
        await channel.StartAsync();
        return channel;
    }

    private SupervisorBuckets BucketsOf(SharedChannel channel) => new(channel, SharedTable.Limits, _metrics);

    private string Page()
    {
        var page = new System.Buffers.ArrayBufferWriter<byte>();
        new MetricsPage(_registry).Write(page, openMetrics: false);
        return System.Text.Encoding.UTF8.GetString(page.WrittenSpan);
    }

    /// <summary>Time passes when the question waits, and not before.</summary>
    private async Task<T> PassAsync<T>(TimeSpan time, Func<ValueTask<T>> ask)
    {
        var waiting = ask().AsTask();
        Assert.False(waiting.IsCompleted);
        _clock.Advance(time);
        return await waiting;
    }
}
