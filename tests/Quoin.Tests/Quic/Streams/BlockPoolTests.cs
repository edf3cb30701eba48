using Quoin.Quic;
using Quoin.Quic.Streams;

namespace Quoin.Tests.Quic.Streams;

/// <summary>Blocks that are used again, as many as may be kept.</summary>
public sealed class BlockPoolTests
{
    [Fact]
    public void A_block_that_is_returned_is_used_again()
    {
        using var pool = new BlockPool();
        var first = pool.Rent();
        var second = pool.Rent(BlockPool.BlockBytes);
        Assert.NotSame(first, second);
        Assert.Equal(BlockPool.BlockBytes, first.Memory.Length);
        first.Dispose();
        Assert.Same(first, pool.Rent());
    }

    [Fact]
    public void A_block_that_is_returned_twice_is_not_given_to_two()
    {
        using var pool = new BlockPool();
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        Assert.Same(block, pool.Rent());
        Assert.NotSame(block, pool.Rent());
    }

    [Fact]
    public void What_may_not_be_kept_is_let_go()
    {
        using var pool = new BlockPool();
        var rented = Enumerable.Range(0, QuicLimits.PooledBlocks + 10).Select(_ => pool.Rent()).ToHashSet();
        foreach (var block in rented)
        {
            block.Dispose();
        }

        var again = Enumerable.Range(0, rented.Count).Select(_ => pool.Rent()).ToList();
        Assert.Equal(QuicLimits.PooledBlocks, again.Count(rented.Contains));
    }

    [Fact]
    public void It_has_no_larger_blocks()
    {
        using var pool = new BlockPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(BlockPool.BlockBytes + 1));
    }
}
