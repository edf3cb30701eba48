using Quoin.Quic.Kestrel;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>Kestrel's first GOAWAY names a stream that cannot be one.</summary>
public sealed class GoAwayFrameTests
{
    [Fact]
    public void The_id_becomes_the_largest_that_a_request_can_have()
    {
        byte[] frame = [7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        GoAwayFrame.Correct(frame);
        Assert.Equal([7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc], frame);
    }

    [Theory]
    [InlineData(new byte[] { 7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0 })]
    [InlineData(new byte[] { 7, 1, 8 })]
    [InlineData(new byte[] { })]
    public void Anything_else_stays(byte[] written)
    {
        var before = written.ToArray();
        GoAwayFrame.Correct(written);
        Assert.Equal(before, written);
    }
}
