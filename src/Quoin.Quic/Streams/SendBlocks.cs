using System.Collections.Concurrent;

namespace Quoin.Quic.Streams;

/// <summary>
/// A run of bytes to send. Its array is pinned for life, because ngtcp2 reads it until it is acknowledged; whoever
/// takes a block out of a <see cref="SendBuffer"/> returns it here, when the library has let go of it.
/// </summary>
internal sealed unsafe class SendBlock
{
    private static readonly Pool First = new(QuicLimits.FirstSendBlockBytes, QuicLimits.PooledSmallSendBytes);
    private static readonly Pool Second = new(QuicLimits.SecondSendBlockBytes, QuicLimits.PooledSmallSendBytes);
    private static readonly Pool Later = new(QuicLimits.SendBlockBytes, QuicLimits.PooledSendBytes);

    private readonly Pool? _home;

    private SendBlock(int size, Pool? home)
    {
        _home = home;
        Bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Pointer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref Bytes[0]);
    }

    public byte[] Bytes { get; }

    public byte* Pointer { get; }

    /// <summary>Where in the stream its first byte is.</summary>
    public long Start { get; set; }

    public SendBlock? Next { get; set; }

    /// <param name="before">Blocks that the stream has already.</param>
    public static SendBlock Rent(int before, int atLeast)
    {
        var pool = before switch
        {
            0 when atLeast <= First.Size => First,
            0 or 1 when atLeast <= Second.Size => Second,
            _ => Later,
        };
        return atLeast <= pool.Size ? pool.Rent() : new(atLeast, home: null);
    }

    public void Return()
    {
        Next = null;
        _home?.Return(this);
    }

    /// <summary>Blocks of one size that nobody uses. Safe from all threads.</summary>
    private sealed class Pool(int size, int mostBytes)
    {
        private readonly int _most = mostBytes / size;
        private readonly ConcurrentQueue<SendBlock> _blocks = new();
        private int _count;

        public int Size => size;

        public SendBlock Rent()
        {
            if (!_blocks.TryDequeue(out var block))
            {
                return new SendBlock(size, this);
            }

            Interlocked.Decrement(ref _count);
            return block;
        }

        public void Return(SendBlock block)
        {
            if (Interlocked.Increment(ref _count) <= _most)
            {
                _blocks.Enqueue(block);
            }
            else
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }
}
