using System.Diagnostics.CodeAnalysis;

namespace Quoin.Quic.Streams;

/// <summary>
/// Streams of a connection that nobody uses, kept because a new one with all that Kestrel hangs on it is expensive.
/// Those that were not needed for a while are let go: as many as were in here at all times since it was last trimmed.
/// For the loop's thread.
/// </summary>
internal sealed class StreamPool(int most)
{
    private readonly Stack<QuicStream> _streams = new();
    private int _least;

    public int Count => _streams.Count;

    public bool IsFull => _streams.Count >= most;

    /// <summary>When <see cref="Trim"/> has something to do; <see cref="ulong.MaxValue"/>: never.</summary>
    public ulong TrimAt { get; private set; } = ulong.MaxValue;

    public bool TryTake([NotNullWhen(true)] out QuicStream? stream)
    {
        if (!_streams.TryPop(out stream))
        {
            return false;
        }

        _least = Math.Min(_least, _streams.Count);
        return true;
    }

    /// <summary>Only while it is not full.</summary>
    public void Keep(QuicStream stream, ulong now)
    {
        _streams.Push(stream);
        if (TrimAt == ulong.MaxValue)
        {
            (_least, TrimAt) = (0, now + QuicLimits.PooledStreamNanoseconds);
        }
    }

    /// <returns>How many were let go.</returns>
    public int Trim(ulong now)
    {
        if (now < TrimAt)
        {
            return 0;
        }

        var unneeded = _least;
        for (var i = 0; i < unneeded; i++)
        {
            _streams.Pop();
        }

        _least = _streams.Count;
        TrimAt = _least > 0 ? now + QuicLimits.PooledStreamNanoseconds : ulong.MaxValue;
        return unneeded;
    }

    public void Clear() => _streams.Clear();
}
