using Quoin.Server.Gateway.Settle;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Settle;

public sealed class ServerTimingTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void The_header_tells_queue_provider_and_own_time()
    {
        var started = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMicroseconds(12_380));
        var record = new RequestRecord
        {
            Started = started,
            ProviderStarted = started + 500,
            ProviderAnswered = started + 123_500,
        };

        Assert.Equal("queue;dur=0.0, provider;dur=12.3, overhead;dur=0.08", new ServerTiming(_clock).Format(record));
    }

    [Fact]
    public void Earlier_attempts_are_the_providers_time_and_waiting_the_queues()
    {
        var started = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        var record = new RequestRecord
        {
            Started = started,
            Queued = 10 * Records.Millisecond,
            EarlierAttempts = 60 * Records.Millisecond,
            ProviderStarted = started + (75 * Records.Millisecond),
            ProviderAnswered = started + (99 * Records.Millisecond),
        };

        Assert.Equal("queue;dur=10.0, provider;dur=84.0, overhead;dur=6.0", new ServerTiming(_clock).Format(record));
    }

    [Fact]
    public void A_request_that_reached_no_provider_is_all_our_own()
    {
        var record = new RequestRecord { Started = _clock.GetTimestamp() };
        _clock.Advance(TimeSpan.FromMilliseconds(1.5));

        Assert.Equal("queue;dur=0.0, provider;dur=0.0, overhead;dur=1.5", new ServerTiming(_clock).Format(record));
    }

    [Fact]
    public void Only_the_string_is_allocated()
    {
        var record = Records.Answered();
        var timing = new ServerTiming(_clock);
        timing.Format(record);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var text = timing.Format(record);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 22 + (2 * text.Length) + 8);
    }
}
