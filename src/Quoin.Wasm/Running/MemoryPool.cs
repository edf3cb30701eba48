using System.Collections.Concurrent;

namespace Quoin.Wasm.Running;

/// <summary>
/// Reservations between two memories, cleared when they come back. By size: an agent's memories are mostly all as large
/// as the limit allows.
/// </summary>
internal sealed class MemoryPool(int most) : IDisposable
{
    private readonly ConcurrentDictionary<long, ConcurrentBag<MemoryReservation>> _free = new();
    private int _count;
    private volatile bool _disposed;

    /// <summary>Reservations that wait for a memory.</summary>
    public int Count => Volatile.Read(ref _count);

    public MemoryReservation? TryRent(long bytes)
    {
        if (_free.TryGetValue(bytes, out var sizes) && sizes.TryTake(out var reservation))
        {
            Interlocked.Decrement(ref _count);
            return reservation;
        }

        return MemoryReservation.TryCreate(bytes);
    }

    /// <summary>Takes back what no call uses any more.</summary>
    /// <param name="used">The bytes that may have been written.</param>
    public void Return(MemoryReservation reservation, long used)
    {
        if (_disposed || Interlocked.Increment(ref _count) > most)
        {
            if (!_disposed)
                Interlocked.Decrement(ref _count);
            reservation.Dispose();
            return;
        }

        reservation.Clear(used);
        _free.GetOrAdd(reservation.Bytes, _ => []).Add(reservation);
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var sizes in _free.Values)
        {
            while (sizes.TryTake(out var reservation))
                reservation.Dispose();
        }
    }
}
