using System.Security.Cryptography;

namespace Quoin.Quic.Protocol;

/// <summary>
/// Remembers first flights with early data until they are too old to be taken anyway (RFC 8446, 8.2), for all loops of
/// a listener. A flight seen before is refused early data, and so is every one while the memory is full: its client
/// needs one more round trip, nothing is run twice. Safe from all threads.
/// </summary>
internal sealed class AntiReplayWindow(TimeProvider time, int capacity)
{
    private readonly Lock _gate = new();
    private readonly HashSet<UInt128> _seen = [];

    // Expiry times come nearly in order: all are one window ahead of their arrival.
    private readonly Queue<(UInt128 Flight, long Expires)> _order = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>True: not seen before, and remembered from now on.</summary>
    /// <param name="flight">What tells it from others: GnuTLS gives its binder.</param>
    /// <param name="expires">Seconds of Unix time.</param>
    public bool TryAdd(ReadOnlySpan<byte> flight, long expires)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(flight, hash);
        var key = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            // A second longer: the library compares with a clock that it read before.
            while (_order.TryPeek(out var oldest) && oldest.Expires + 1 < now)
            {
                _order.Dequeue();
                _seen.Remove(oldest.Flight);
            }

            if (_seen.Count >= capacity || !_seen.Add(key))
            {
                return false;
            }

            _order.Enqueue((key, expires));
            return true;
        }
    }
}
