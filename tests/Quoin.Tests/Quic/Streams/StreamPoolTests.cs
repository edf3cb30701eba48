using System.IO.Pipelines;
using Quoin.Quic;
using Quoin.Quic.Streams;

namespace Quoin.Tests.Quic.Streams;

/// <summary>Streams kept to be used again, and let go when they are not.</summary>
public sealed class StreamPoolTests
{
    private const ulong Step = QuicLimits.PooledStreamNanoseconds;

    [Fact]
    public void What_was_not_needed_for_a_while_is_let_go()
    {
        var pool = Filled(10);
        Assert.Equal(Step, pool.TrimAt);
        Assert.Equal(0, pool.Trim(Step - 1));
        Assert.Equal(0, pool.Trim(Step));
        Use(pool, 3);
        Assert.Equal(0, pool.Trim((2 * Step) - 1));
        Assert.Equal(7, pool.Trim(2 * Step));
        Assert.Equal(3, pool.Count);
        Use(pool, 3);
        Assert.Equal(0, pool.Trim(3 * Step));
        Assert.Equal(3, pool.Trim(4 * Step));
        Assert.Equal(0, pool.Count);
    }

    [Fact]
    public void An_empty_pool_asks_for_nothing()
    {
        var pool = Filled(1);
        pool.Trim(Step);
        pool.Trim(2 * Step);
        Assert.Equal(ulong.MaxValue, pool.TrimAt);
        Assert.False(pool.TryTake(out _));
        pool.Keep(new QuicStream(null!, PipeOptions.Default), 7);
        Assert.Equal(7 + Step, pool.TrimAt);
    }

    [Fact]
    public void It_is_full_with_as_many_as_it_may_keep()
    {
        var pool = new StreamPool(2);
        Assert.False(pool.IsFull);
        pool.Keep(new QuicStream(null!, PipeOptions.Default), 0);
        pool.Keep(new QuicStream(null!, PipeOptions.Default), 0);
        Assert.True(pool.IsFull);
        Assert.True(new StreamPool(0).IsFull);
    }

    private static StreamPool Filled(int count)
    {
        var pool = new StreamPool(100);
        for (var i = 0; i < count; i++)
        {
            pool.Keep(new QuicStream(null!, PipeOptions.Default), 0);
        }

        return pool;
    }

    private static void Use(StreamPool pool, int count)
    {
        var taken = new List<QuicStream>();
        while (taken.Count < count)
        {
            Assert.True(pool.TryTake(out var stream));
            taken.Add(stream);
        }

        taken.ForEach(stream => pool.Keep(stream, 0));
    }
}
