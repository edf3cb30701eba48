using Quoin.Quic;
using Quoin.Quic.Endpoints;

namespace Quoin.Tests.Quic.Endpoints;

/// <summary>When memory is collected after a burst.</summary>
public sealed class BurstMemoryTests
{
    private const ulong Quiet = QuicLimits.BurstQuietNanoseconds;
    private const long SmallHeap = 40L * QuicLimits.StreamBytes * QuicLimits.BurstStreams / 20;

    private readonly BurstMemory _memory = new();

    [Fact]
    public void It_is_collected_twice_when_a_burst_is_over()
    {
        _memory.LetGo(QuicLimits.BurstStreams, 1);
        Assert.Equal(1 + Quiet, _memory.Due);
        Assert.False(_memory.IsTime(Quiet, SmallHeap));
        Assert.True(_memory.IsTime(1 + Quiet, SmallHeap));
        Assert.False(_memory.IsTime(2 + Quiet, SmallHeap));
        Assert.True(_memory.IsTime(1 + (2 * Quiet), SmallHeap));
        Assert.Equal(ulong.MaxValue, _memory.Due);
        Assert.False(_memory.IsTime(100 * Quiet, SmallHeap));
    }

    [Fact]
    public void A_burst_that_goes_on_is_waited_for()
    {
        _memory.LetGo(QuicLimits.BurstStreams, 0);
        _memory.LetGo(1, Quiet - 1);
        Assert.False(_memory.IsTime(Quiet, SmallHeap));
        Assert.True(_memory.IsTime((2 * Quiet) - 1, SmallHeap));
    }

    [Fact]
    public void Few_streams_are_no_burst()
    {
        _memory.LetGo(QuicLimits.BurstStreams - 1, 0);
        _memory.LetGo(0, 0);
        Assert.Equal(ulong.MaxValue, _memory.Due);
    }

    [Fact]
    public void A_large_heap_is_not_collected_for_a_small_part_of_it()
    {
        _memory.LetGo(QuicLimits.BurstStreams, 0);
        Assert.False(_memory.IsTime(Quiet, 10 * SmallHeap));
        Assert.Equal(ulong.MaxValue, _memory.Due);
    }

    [Fact]
    public void The_next_burst_is_collected_after_a_pause_only()
    {
        _memory.LetGo(QuicLimits.BurstStreams, 0);
        Assert.True(_memory.IsTime(Quiet, SmallHeap));
        Assert.True(_memory.IsTime(2 * Quiet, SmallHeap));
        _memory.LetGo(QuicLimits.BurstStreams, 2 * Quiet);
        Assert.Equal((2 * Quiet) + QuicLimits.BurstPauseNanoseconds, _memory.Due);
    }
}
