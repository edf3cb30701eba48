using Quoin.Http.WebSockets.Handshake;

namespace Quoin.Tests.Http.WebSockets.Handshake;

public sealed class OriginCheckTests
{
    [Theory]
    [InlineData("", null, "example.com", true)]
    [InlineData("", "https://example.com", "example.com", true)]
    [InlineData("", "https://Example.com", "example.COM:443", true)]
    [InlineData("", "http://example.com:8080", "example.com:8080", true)]
    [InlineData("", "http://[::1]:80", "[::1]", true)]
    [InlineData("", "http://example.com:8081", "example.com:8080", false)]
    [InlineData("", "https://evil.example", "example.com", false)]
    [InlineData("", "https://example.com.evil.example", "example.com", false)]
    [InlineData("", "https://evil.example/example.com", "example.com", false)]
    [InlineData("", "https://example.com@evil.example", "example.com", false)]
    [InlineData("", "null", "example.com", false)]
    [InlineData("", "", "example.com", false)]
    [InlineData("", "https://example.com", "", false)]
    [InlineData("https://app.example.com", "https://app.example.com", "api.example.com", true)]
    [InlineData("https://app.example.com", "http://app.example.com", "api.example.com", false)]
    [InlineData("https://app.example.com", "https://api.example.com", "api.example.com", false)]
    [InlineData("https://app.example.com", null, "api.example.com", true)]
    [InlineData("*", "https://anything.example", "api.example.com", true)]
    public void Pages_of_others_are_kept_out(string allowed, string? origin, string host, bool expected)
    {
        string[] list = allowed.Length == 0 ? [] : [allowed];
        Assert.Equal(expected, OriginCheck.Allows(list, origin is null ? [] : [origin], host));
    }

    [Fact]
    public void Two_origins_are_none() =>
        Assert.False(OriginCheck.Allows(["https://a.example"], ["https://a.example", "https://b.example"], "x"));
}
