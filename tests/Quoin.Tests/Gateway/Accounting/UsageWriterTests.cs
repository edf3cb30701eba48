using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Gateway.Accounting;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Accounting;

public sealed class UsageWriterTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_was_appended_is_written_when_a_flush_ends()
    {
        using var store = new FailingStore();
        await using var writer = Writer(store, new ManualClock());
        for (var i = 0; i < 2500; i++)
        {
            writer.Append(Record(i), hasPlace: false);
        }

        Assert.True(await writer.FlushAsync(Cancelled));
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"r{i}"), store.Records.Select(record => record.RequestId));
        Assert.Equal((0, 2500, 0), (writer.Pending, writer.Written, writer.Lost));
    }

    [Fact]
    public async Task A_database_that_fails_is_tried_again_and_each_record_is_written_once()
    {
        using var store = new FailingStore { Fails = true };
        var clock = new ManualClock();
        await using var writer = Writer(store, clock);
        writer.Append(Record(1), hasPlace: false);
        Assert.False(await writer.FlushAsync(Cancelled));
        Assert.True(writer.Failing);
        writer.Append(Record(2), hasPlace: false);
        store.Fails = false;
        var flushed = writer.FlushAsync(Cancelled);
        while (!flushed.IsCompleted)
        {
            clock.Advance(UsageLimits.FirstPause);
            await Task.Yield();
        }

        Assert.True(await flushed);
        Assert.False(writer.Failing);
        Assert.Equal(["r1", "r2"], store.Records.Select(record => record.RequestId));
    }

    [Fact]
    public async Task Who_has_a_place_loses_nothing_and_what_is_lost_is_counted()
    {
        using var store = new FailingStore { Fails = true };
        var clock = new ManualClock();
        await using var writer = Writer(store, clock, most: 2);
        Assert.True(writer.TryTakePlace());
        writer.Append(Record(1), hasPlace: false);
        Assert.False(writer.TryTakePlace());
        writer.Append(Record(2), hasPlace: false);
        Assert.Equal(1, writer.Lost);
        writer.Append(Record(3), hasPlace: true);
        Assert.Equal((2, 1), (writer.Pending, writer.Lost));
    }

    [Fact]
    public async Task The_end_writes_what_there_is_and_counts_what_it_cannot()
    {
        using var good = new FailingStore();
        var writer = Writer(good, new ManualClock());
        writer.Append(Record(1), hasPlace: false);
        await writer.DisposeAsync();
        Assert.Single(good.Records);

        using var bad = new FailingStore { Fails = true };
        writer = Writer(bad, new ManualClock());
        writer.Append(Record(1), hasPlace: false);
        writer.Append(Record(2), hasPlace: false);
        await writer.DisposeAsync();
        Assert.Equal(2, writer.Lost);
    }

    internal static UsageRecord Record(int number, string key = "ann", long cost = 5) => new()
    {
        At = ManualClock.Origin,
        RequestId = $"r{number}",
        Key = key,
        Provider = "up",
        Model = "m",
        Use = new TokenUse(3, 2),
        Cost = cost,
        Starts = [.. Enum.GetValues<BudgetPeriod>().Select(p => BudgetPeriods.StartOf(p, ManualClock.Origin))],
    };

    private static UsageWriter Writer(IUsageStore store, TimeProvider time, int most = UsageLimits.Pending) =>
        new(store, () => TimeSpan.FromDays(90), time, NullLogger.Instance, most);
}
