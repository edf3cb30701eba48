using System.Buffers;
using System.Diagnostics;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Growing bytes from the shared array pool. Grows by doubling as bytes arrive, never by what a peer declares, so
/// that a declared length costs nothing. Owned by one request; <see cref="Dispose"/> returns the array.
/// </summary>
internal sealed class PooledBuffer(int firstBytes = Limits.FirstBufferBytes) : IBufferWriter<byte>, IDisposable
{
    private byte[]? _array = ArrayPool<byte>.Shared.Rent(firstBytes);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> WrittenMemory => Array.AsMemory(0, Length);

    public ReadOnlySpan<byte> WrittenSpan => Array.AsSpan(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(PooledBuffer));

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

    /// <summary>Drops the first <paramref name="count"/> bytes.</summary>
    public void Consume(int count)
    {
        Array.AsSpan(count, Length - count).CopyTo(Array);
        Length -= count;
    }

    /// <summary>Reads the stream to its end. False when there is more than <paramref name="limit"/> bytes.</summary>
    public async ValueTask<bool> ReadToEndAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        while (Length <= limit)
        {
            var read = await stream.ReadAsync(GetMemory(1024), cancellationToken);
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
        if (_array is { } array)
        {
            _array = null;
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Reserve(int room)
    {
        var array = Array;
        if (array.Length - Length >= room)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + room), array.Length * 2));
        array.AsSpan(0, Length).CopyTo(larger);
        _array = larger;
        ArrayPool<byte>.Shared.Return(array);
    }
}
