using System.Buffers;
using System.Diagnostics;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Growing bytes from the shared array pool, rented with the first byte. Grows by doubling as bytes arrive, never by
/// what a peer declares, so that a declared length costs nothing. Owned by one request; <see cref="Dispose"/> returns
/// the array.
/// </summary>
internal sealed class PooledBuffer(int firstBytes = Limits.FirstBufferBytes) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = [];
    private int _firstBytes = firstBytes;
    private bool _disposed;

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> WrittenMemory => Array.AsMemory(0, Length);

    public ReadOnlySpan<byte> WrittenSpan => Array.AsSpan(0, Length);

    private byte[] Array => !_disposed ? _array : throw new ObjectDisposedException(nameof(PooledBuffer));

    public void Advance(int count)
    {
        Debug.Assert(count >= 0 && Length + count <= Array.Length, "advanced beyond the rented memory");
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return Array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return Array.AsSpan(Length);
    }

    public void Clear() => Length = 0;

    /// <summary>
    /// Says how much is to come, before the first byte: less than the usual first size is rented where less will do.
    /// The shared pool keeps a few dozen arrays of a size for each processor, so big ones must not be wasted.
    /// </summary>
    public void Expect(long bytes) => _firstBytes = (int)Math.Clamp(bytes, 256, _firstBytes);

    /// <summary>Drops the first <paramref name="count"/> bytes.</summary>
    public void Consume(int count)
    {
        Array.AsSpan(count, Length - count).CopyTo(Array);
        Length -= count;
    }

    /// <summary>Reads a body to its end. False when there is more than <paramref name="limit"/> bytes.</summary>
    public async ValueTask<bool> ReadToEndAsync(
        UpstreamResponse response, int limit, CancellationToken cancellationToken)
    {
        while (Length <= limit)
        {
            var read = await response.ReadAsync(GetMemory(), cancellationToken);
            if (read == 0)
            {
                return true;
            }

            Advance(read);
        }

        return false;
    }

    public void Dispose()
    {
        _disposed = true;
        Replace([]);
    }

    private void Reserve(int room)
    {
        var array = Array;
        if (array.Length - Length >= room)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(
            Math.Max(checked(Length + room), array.Length == 0 ? _firstBytes : array.Length * 2));
        array.AsSpan(0, Length).CopyTo(larger);
        Replace(larger);
    }

    private void Replace(byte[] array)
    {
        var old = _array;
        _array = array;
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }
}
