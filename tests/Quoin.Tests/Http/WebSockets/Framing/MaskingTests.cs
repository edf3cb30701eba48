using System.Runtime.InteropServices;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Tests.Http.WebSockets.Framing;

public sealed class MaskingTests
{
    [Fact]
    public void Pieces_of_any_length_come_out_as_byte_by_byte()
    {
        var random = new Random(11);
        byte[] mask = [0x12, 0x34, 0xAB, 0xCD];
        var source = new byte[300];
        random.NextBytes(source);
        var plain = source.Select((one, i) => (byte)(one ^ mask[i & 3])).ToArray();
        for (var round = 0; round < 2000; round++)
        {
            var target = new byte[source.Length];
            for (var at = 0; at < source.Length;)
            {
                var length = Math.Min(random.Next(0, 90), source.Length - at);
                Masking.Copy(
                    source.AsSpan(at, length), target.AsSpan(at, length), MemoryMarshal.Read<uint>(mask), at);
                at += length;
            }

            Assert.Equal(plain, target);
        }
    }
}
