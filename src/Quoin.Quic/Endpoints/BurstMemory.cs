namespace Quoin.Quic.Endpoints;

/// <summary>
/// Gives memory back after a burst. Its streams are more than are kept to be used again, and they have lived long
/// enough to be in the collector's oldest generation, which nothing collects on a server that is quiet afterwards. So
/// when many were let go, and for a while no more, it is time for a collection in the background, and then for another:
/// what one has found free the next gives back. Where the streams are a small part of the heap it is not worth it. All
/// loops of an endpoint share it.
/// </summary>
internal sealed class BurstMemory
{
    private const int Collections = 2;

    private readonly Lock _gate = new();
    private ulong _due = ulong.MaxValue;
    private ulong _notBefore;
    private long _streams;
    private int _left;

    /// <summary>When to look again, in nanoseconds; <see cref="ulong.MaxValue"/>: there was no burst.</summary>
    public ulong Due => Volatile.Read(ref _due);

    /// <summary>Streams that nobody uses any more.</summary>
    public void LetGo(int streams, ulong now)
    {
        if (streams == 0)
        {
            return;
        }

        lock (_gate)
        {
            _streams += streams;
            if (_streams >= QuicLimits.BurstStreams)
            {
                _left = Collections;
                Volatile.Write(ref _due, Math.Max(_notBefore, now + QuicLimits.BurstQuietNanoseconds));
            }
        }
    }

    /// <summary>True: now is the time to collect; only one of several callers is told so.</summary>
    public bool IsTime(ulong now, long heapBytes)
    {
        lock (_gate)
        {
            if (now < _due)
            {
                return false;
            }

            var worthwhile = _left < Collections || _streams * QuicLimits.StreamBytes >= heapBytes / 4;
            _streams = 0;
            _left = worthwhile ? _left - 1 : 0;
            _notBefore = now + QuicLimits.BurstPauseNanoseconds;
            Volatile.Write(ref _due, _left > 0 ? now + QuicLimits.BurstQuietNanoseconds : ulong.MaxValue);
            return worthwhile;
        }
    }
}
