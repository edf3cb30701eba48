using Quoin.Quic.Protocol;

namespace Quoin.Tests.Quic.Protocol;

/// <summary>Connection ids as keys.</summary>
public sealed class ConnectionIdTests
{
    [Fact]
    public void Equal_bytes_are_one_key_and_length_counts()
    {
        var map = new Dictionary<ConnectionId, int>
        {
            [new ConnectionId([1, 2, 3])] = 1,
            [new ConnectionId([1, 2, 3, 0])] = 2,
            [new ConnectionId([])] = 3,
            [new ConnectionId(new byte[20])] = 4,
        };
        Assert.Equal(1, map[new ConnectionId([1, 2, 3])]);
        Assert.Equal(2, map[new ConnectionId([1, 2, 3, 0])]);
        Assert.Equal(3, map[new ConnectionId([])]);
        Assert.Equal("010203", new ConnectionId([1, 2, 3]).ToString());
    }
}
