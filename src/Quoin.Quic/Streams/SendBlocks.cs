using System.Collections.Concurrent;

namespace Quoin.Quic.Streams;

/// <summary>
/// A run of bytes to send. Its array is pinned for life, because ngtcp2 reads it until it is acknowledged; whoever
/// takes a block out of a <see cref="SendBuffer"/> returns it here, when the library has let go of it.
/// </summary>
internal sealed unsafe class SendBlock
{
    private static readonly ConcurrentQueue<SendBlock> First = new();
    private static readonly ConcurrentQueue<SendBlock> Later = new();

    private SendBlock(int size)
    {
        Bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Pointer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref Bytes[0]);
    }

    public byte[] Bytes { get; }

    public byte* Pointer { get; }

    /// <summary>Where in the stream its first byte is.</summary>
    public long Start { get; set; }

    public SendBlock? Next { get; set; }

    public static SendBlock Rent(bool first, int atLeast)
    {
        var size = first ? QuicLimits.FirstSendBlockBytes : QuicLimits.SendBlockBytes;
        if (atLeast > size)
        {
            return new(atLeast);
        }

        return (first ? First : Later).TryDequeue(out var block) ? block : new(size);
    }

    public void Return()
    {
        Next = null;
        var pool = Bytes.Length switch
        {
            QuicLimits.FirstSendBlockBytes => First,
            QuicLimits.SendBlockBytes => Later,
            _ => null,
        };
        if (pool is not null && pool.Count < QuicLimits.PooledSendBlocks)
        {
            pool.Enqueue(this);
        }
    }
}
