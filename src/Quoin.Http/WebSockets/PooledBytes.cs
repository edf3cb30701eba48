using System.Buffers;

namespace Quoin.Http.WebSockets;

/// <summary>Bytes that grow in an array of the pool. Empty it holds none: idle connections cost nothing.</summary>
internal sealed class PooledBytes : IBufferWriter<byte>, IDisposable
{
    private const int Least = 256;

    private byte[] _array = [];

    public int Count { get; private set; }

    public ReadOnlySpan<byte> Span => _array.AsSpan(0, Count);

    public ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Count);

    /// <summary>The room for more, of this size exactly; it counts at once.</summary>
    public Span<byte> Add(int size)
    {
        Grow(size);
        Count += size;
        return _array.AsSpan(Count - size, size);
    }

    public void Advance(int count) => Count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return _array.AsMemory(Count);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Forgets what is at the end.</summary>
    public void Truncate(int count) => Count = count;

    /// <summary>Hands the array over; it is given back with <see cref="Return"/>.</summary>
    public (byte[] Array, int Count) Detach()
    {
        var detached = (_array, Count);
        (_array, Count) = ([], 0);
        return detached;
    }

    public void Dispose()
    {
        var (array, _) = Detach();
        Return(array);
    }

    public static void Return(byte[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Grow(int size)
    {
        if (_array.Length - Count >= size)
        {
            return;
        }

        // The double, so that growing copies each byte about once; never from what a peer only announced.
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Least, Math.Max(checked(Count + size), (int)Math.Min(
            2L * _array.Length, Array.MaxLength))));
        Span.CopyTo(larger);
        Return(_array);
        _array = larger;
    }
}
