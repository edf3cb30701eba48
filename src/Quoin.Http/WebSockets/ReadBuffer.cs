using System.Buffers;

namespace Quoin.Http.WebSockets;

/// <summary>
/// What was read and is not used up, which is less than a frame's header. While nothing comes it has no array: an idle
/// connection waits with a read of no bytes.
/// </summary>
internal sealed class ReadBuffer(Stream stream) : IDisposable
{
    private byte[]? _array;
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Span => _array.AsSpan(_start, _end - _start);

    /// <summary>Waits for more; false: the peer has ended.</summary>
    public async ValueTask<bool> FillAsync()
    {
        if (_start == _end)
        {
            Dispose();
#pragma warning disable CA2022, MA0060 // It reads nothing, and says by its end that there is something.
            await stream.ReadAsync(Memory<byte>.Empty);
#pragma warning restore CA2022, MA0060
            _array = ArrayPool<byte>.Shared.Rent(WebSocketLimits.ReadBytes);
        }
        else
        {
            Span.CopyTo(_array);
        }

        (_start, _end) = (0, _end - _start);
        var read = await stream.ReadAsync(_array.AsMemory(_end));
        _end += read;
        return read > 0;
    }

    /// <summary>All but so many bytes are used up.</summary>
    public void Keep(int count) => _start = _end - count;

    /// <summary>
    /// Takes in what the peer sends before it reads that it was refused, until it ends, or for
    /// <see cref="WebSocketLimits.Linger"/>.
    /// </summary>
    public async Task LingerAsync(TimeProvider time)
    {
        using var limit = new CancellationTokenSource(WebSocketLimits.Linger, time);
        var left = WebSocketLimits.LingerBytes;
        try
        {
            while (left > 0 && await stream.ReadAsync(_array.AsMemory(), limit.Token) is > 0 and var read)
            {
                left -= read;
            }
        }
        catch (OperationCanceledException)
        {
            // It had its time.
        }
    }

    public void Dispose()
    {
        if (_array is not null)
        {
            ArrayPool<byte>.Shared.Return(_array);
            (_array, _start, _end) = (null, 0, 0);
        }
    }
}
