using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Quoin.Quic.Connections;

/// <summary>
/// Datagrams (RFC 9221) on their way. They may be lost anywhere, so what does not fit the queues is dropped: the newest
/// of those to send, the oldest of those received.
/// </summary>
internal sealed class ConnectionDatagrams
{
    private readonly ConcurrentQueue<ReadOnlyMemory<byte>> _sending = new();
    private readonly Channel<ReadOnlyMemory<byte>> _received = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(QuicLimits.QueuedDatagrams) { FullMode = BoundedChannelFullMode.DropOldest });

    public ChannelReader<ReadOnlyMemory<byte>> Received => _received.Reader;

    /// <summary>Any thread; false: the queue is full.</summary>
    public bool TrySend(ReadOnlySpan<byte> data)
    {
        if (_sending.Count >= QuicLimits.QueuedDatagrams)
        {
            return false;
        }

        _sending.Enqueue(data.ToArray());
        return true;
    }

    /// <summary>Loop: the next one to send; it stays until it is <see cref="Taken"/>.</summary>
    public bool TryPeek(out ReadOnlyMemory<byte> data) => _sending.TryPeek(out data);

    public void Taken() => _sending.TryDequeue(out _);

    public void Add(ReadOnlySpan<byte> data) => _received.Writer.TryWrite(data.ToArray());

    public void Close(Exception reason) => _received.Writer.TryComplete(reason);
}
