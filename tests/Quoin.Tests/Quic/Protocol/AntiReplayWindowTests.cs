using Quoin.Quic.Protocol;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Quic.Protocol;

/// <summary>First flights are taken once, and forgotten when they are too old to be taken anyway.</summary>
public sealed class AntiReplayWindowTests
{
    private readonly ManualClock _clock = new();

    private long Now => _clock.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public void A_flight_is_taken_once()
    {
        var window = new AntiReplayWindow(_clock, 100);
        Assert.True(window.TryAdd("a"u8, Now + 10));
        Assert.False(window.TryAdd("a"u8, Now + 10));
        Assert.True(window.TryAdd("b"u8, Now + 10));
    }

    [Fact]
    public void It_is_remembered_until_it_expires_and_then_makes_room()
    {
        var window = new AntiReplayWindow(_clock, 100);
        Assert.True(window.TryAdd("a"u8, Now + 10));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.False(window.TryAdd("a"u8, Now + 10));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(window.TryAdd("b"u8, Now + 10));
        Assert.Equal(1, window.Count);
    }

    [Fact]
    public void A_full_memory_refuses_early_data_rather_than_forget()
    {
        var window = new AntiReplayWindow(_clock, 2);
        Assert.True(window.TryAdd("a"u8, Now + 10));
        Assert.True(window.TryAdd("b"u8, Now + 10));
        Assert.False(window.TryAdd("c"u8, Now + 10));
        _clock.Advance(TimeSpan.FromSeconds(12));
        Assert.True(window.TryAdd("c"u8, Now + 10));
    }

    [Fact]
    public void Of_many_threads_one_may_have_it()
    {
        var window = new AntiReplayWindow(_clock, 100_000);
        var taken = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (window.TryAdd(BitConverter.GetBytes(i), Now + 10))
                {
                    Interlocked.Increment(ref taken);
                }
            }
        });
        Assert.Equal(1000, taken);
    }
}
