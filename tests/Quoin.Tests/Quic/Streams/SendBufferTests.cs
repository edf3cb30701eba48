using System.Buffers;
using Quoin.Quic;

namespace Quoin.Tests.Quic.Streams;

/// <summary>What a stream sends, and what it holds of it.</summary>
public sealed class SendBufferTests
{
    [Fact]
    public async Task A_stream_with_nothing_under_way_holds_no_block()
    {
        await using var pair = await QuicPair.StartAsync();
        var (client, server) = await pair.OpenStreamAsync();
        var random = new Random(3);
        for (var i = 0; i < 40; i++)
        {
            var sent = new byte[random.Next(1, i % 4 == 0 ? 40_000 : 3_000)];
            random.NextBytes(sent);
            await client.Output.WriteAsync(sent);
            var read = await server.Input.ReadAtLeastAsync(sent.Length);
            Assert.Equal(sent, read.Buffer.ToArray());
            server.Input.AdvanceTo(read.Buffer.End);
            await AllAcknowledgedAsync(client);
            Assert.False(client.Send.HoldsBlocks);
        }
    }

    [Fact]
    public async Task A_block_that_is_being_written_is_kept()
    {
        await using var pair = await QuicPair.StartAsync();
        var (client, server) = await pair.OpenStreamAsync();
        await AllAcknowledgedAsync(client);
        client.Output.Write("first"u8);
        await client.Output.FlushAsync();
        var memory = client.Output.GetMemory(6);
        await AllAcknowledgedAsync(client);
        Assert.True(client.Send.HoldsBlocks);
        "second"u8.CopyTo(memory.Span);
        client.Output.Advance(6);
        await client.Output.FlushAsync();
        var read = await server.Input.ReadAtLeastAsync(11);
        Assert.Equal("firstsecond"u8, read.Buffer.ToArray());
        await AllAcknowledgedAsync(client);
        Assert.False(client.Send.HoldsBlocks);
    }

    private static async Task AllAcknowledgedAsync(QuicStream stream)
    {
        while ((await stream.Connection.GetStatisticsAsync())!.BytesInFlight > 0)
        {
            await Task.Yield();
        }
    }
}
