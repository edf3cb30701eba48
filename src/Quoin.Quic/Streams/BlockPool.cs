using System.Buffers;
using System.Collections.Concurrent;

namespace Quoin.Quic.Streams;

/// <summary>
/// The blocks in which streams receive, and in which Kestrel keeps bodies, for all connections of an endpoint. They are
/// rented by one thread and returned by another, which the process's shared pool serves badly: it makes every third of
/// them anew. A bounded number is kept; what a burst needs beyond it is left to the collector while it is young. Safe
/// from all threads.
/// </summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    public const int BlockBytes = 4_096;

    private readonly ConcurrentQueue<Block> _blocks = new();
    private int _count;

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (!_blocks.TryDequeue(out var block))
        {
            return new Block(this);
        }

        Interlocked.Decrement(ref _count);
        block.IsRented = true;
        return block;
    }

    protected override void Dispose(bool disposing)
    {
        // Nothing but memory.
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _count) <= QuicLimits.PooledBlocks)
        {
            _blocks.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes);

        public bool IsRented { get; set; } = true;

        public Memory<byte> Memory => _bytes;

        public void Dispose()
        {
            if (IsRented)
            {
                IsRented = false;
                pool.Return(this);
            }
        }
    }
}
