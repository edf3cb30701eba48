using Quoin.Http.Compression;

namespace Quoin.Tests.Http.Compression;

public sealed class AcceptedCodingsTests
{
    [Theory]
    [InlineData("gzip", "gzip", false)]
    [InlineData("GZIP, deflate, br", "br", false)]
    [InlineData("x-gzip", "gzip", false)]
    [InlineData("br;q=0.5, gzip;q=0.8", "gzip", false)]
    [InlineData("br;q=0, gzip", "gzip", false)]
    [InlineData("*", "br", false)]
    [InlineData("*;q=0.1, br;q=0", "gzip", false)]
    [InlineData("*;q=0", null, true)]
    [InlineData("*;q=0, gzip", "gzip", true)]
    [InlineData("*;q=0, identity;q=0.1", null, false)]
    [InlineData("identity;q=0", null, true)]
    [InlineData("identity;q=0, br", "br", true)]
    [InlineData("identity;q=1, gzip;q=0.5", null, false)]
    [InlineData("identity;q=0.5, gzip;q=0.5", "gzip", false)]
    [InlineData("deflate, zstd", null, false)]
    [InlineData("", null, false)]
    [InlineData("gzip;q=high", null, false)]
    [InlineData(";;,,", null, false)]
    public void The_weights_choose(string acceptEncoding, string? coding, bool identityRefused)
    {
        var accepted = AcceptedCodings.Parse(acceptEncoding);
        Assert.Equal((coding, identityRefused), (accepted.Choose(["br", "gzip"]), accepted.RefusesIdentity));
    }

    [Fact]
    public void The_server_has_its_order_and_no_header_is_no_coding()
    {
        Assert.Equal("gzip", AcceptedCodings.Parse("br, gzip").Choose(["gzip", "br"]));
        Assert.Null(AcceptedCodings.Parse("br").Choose(["gzip"]));
        Assert.Null(AcceptedCodings.Parse(default).Choose(["br", "gzip"]));
        Assert.Equal("gzip", AcceptedCodings.Parse(new(["br;q=0.1", "gzip"])).Choose(["br", "gzip"]));
    }
}
