using System.Net;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Http.Proxies;

namespace Quoin.Tests.Http.Proxies;

public sealed class ForwardedRequestsTests
{
    [Theory]
    [InlineData("10.0.0.1", "203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.2.3.4", "203.0.113.7")]
    [InlineData("::ffff:10.0.0.1", "203.0.113.7:4711", "203.0.113.7")]
    [InlineData("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("10.0.0.1", "2001:db8::1", "2001:db8::1")]
    [InlineData("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2")]
    [InlineData("10.0.0.1", "127.0.0.1, garbage", "10.0.0.1")]
    [InlineData("10.0.0.1", "127.0.0.1, garbage, 10.0.0.9", "10.0.0.9")]
    [InlineData("10.0.0.1", "unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "203.0.113.7, ", "10.0.0.1")]
    [InlineData("10.0.0.1", "16909060", "10.0.0.1")]
    [InlineData("10.0.0.1", "1.1.1.1:99999999999999", "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "203.0.113.1, 10.0.0.4, 10.0.0.3, 10.0.0.2", "10.0.0.4")]
    public async Task The_client_is_the_right_most_that_is_not_trusted(string peer, string forwardedFor, string client)
    {
        var seen = await AskAsync(
            peer, new() { Trusted = ["10.0.0.0/8"], MaxHops = 3 }, ("X-Forwarded-For", forwardedFor));
        Assert.Equal(IPAddress.Parse(client), TrustedNetworks.Plain(seen.Connection.RemoteIpAddress!));
    }

    [Theory]
    [InlineData("10.0.0.1", "https", "shop.example:8443", "https", "shop.example:8443")]
    [InlineData("203.0.113.9", "https", "shop.example", "http", "original")]
    [InlineData("10.0.0.1", "gopher", "a b", "http", "original")]
    [InlineData("10.0.0.1", "http, https", "evil.example, shop.example", "https", "shop.example")]
    [InlineData("10.0.0.1", "HTTPS", "user@host", "https", "original")]
    [InlineData("10.0.0.1", "https", "shop.example:_x", "https", "original")]
    [InlineData("10.0.0.1", "", "[::1]:80", "http", "[::1]:80")]
    public async Task Scheme_and_host_are_those_that_the_proxy_saw(
        string peer, string proto, string host, string scheme, string expected)
    {
        foreach (var forwardedFor in (string[])["203.0.113.7", ""])
        {
            var seen = await AskAsync(
                peer, new() { Trusted = ["10.0.0.1"] }, ("X-Forwarded-For", forwardedFor),
                ("X-Forwarded-Proto", proto), ("X-Forwarded-Host", host));
            Assert.Equal((scheme, expected), (seen.Request.Scheme, seen.Request.Host.Value));
        }
    }

    [Theory]
    [InlineData("for=203.0.113.7;proto=https;host=shop.example", "203.0.113.7", "https", "shop.example")]
    [InlineData("For=\"[2001:db8::1]:47\" ; Proto=\"https\"", "2001:db8::1", "https", "original")]
    [InlineData("for=1.1.1.1;proto=https, for=203.0.113.7", "203.0.113.7", "http", "original")]
    [InlineData("for=203.0.113.7;by=_proxy;secret=\"a,b;for=9.9.9.9\"", "203.0.113.7", "http", "original")]
    [InlineData("for=\"203.0.113.7:_obfuscated\"", "203.0.113.7", "http", "original")]
    [InlineData("for=\"\\2\\03.0.113.7\"", "203.0.113.7", "http", "original")]
    [InlineData("for=1.1.1.1, for=_hidden;proto=https", "10.0.0.1", "https", "original")]
    [InlineData("for=1.1.1.1, for=unknown", "10.0.0.1", "http", "original")]
    [InlineData("for=1.1.1.1;for=2.2.2.2", "10.0.0.1", "http", "original")]
    [InlineData("for=1.1.1.1, for=\"2.2.2.2", "10.0.0.1", "http", "original")]
    [InlineData("for=1.1.1.1, nonsense", "10.0.0.1", "http", "original")]
    [InlineData("for=203.0.113.7,", "203.0.113.7", "http", "original")]
    public async Task Forwarded_is_read(string forwarded, string client, string scheme, string host)
    {
        var seen = await AskAsync("10.0.0.1", new() { Trusted = ["10.0.0.0/8"] }, ("Forwarded", forwarded));
        Assert.Equal(
            (client, scheme, host),
            (seen.Connection.RemoteIpAddress!.ToString(), seen.Request.Scheme, seen.Request.Host.Value));
    }

    [Theory]
    [InlineData(ForwardedHeader.Auto, "1.1.1.1")]
    [InlineData(ForwardedHeader.XForwarded, "1.1.1.1")]
    [InlineData(ForwardedHeader.Forwarded, "2.2.2.2")]
    public async Task One_kind_of_header_is_believed(ForwardedHeader header, string client)
    {
        var seen = await AskAsync(
            "10.0.0.1", new() { Trusted = ["10.0.0.1"], Header = header }, ("X-Forwarded-For", "1.1.1.1"),
            ("Forwarded", "for=2.2.2.2"));
        Assert.Equal(client, seen.Connection.RemoteIpAddress!.ToString());
        Assert.Equal(IPAddress.Parse("10.0.0.1"), seen.Features.Get<ProxyPeer>()!.Address);
    }

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("::1", true)]
    [InlineData("fd00::/8", true)]
    [InlineData("10.0.0.1/8", false)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("10", false)]
    [InlineData("proxy.internal", false)]
    [InlineData("", false)]
    public void Networks_are_checked_at_the_start(string network, bool isOne)
    {
        var options = new HttpAppOptions { Proxies = new() { Trusted = [network] } };
        string[] faults =
            [$"Proxies.Trusted: \"{network}\"; accepted: an address, or a network such as 10.0.0.0/8"];
        Assert.Equal(isOne ? [] : faults, options.Faults());
    }

    [Fact]
    public async Task An_app_uses_it()
    {
        await using var server = await HttpServer.StartAsync(
            app => app.Get("/", (HttpContext context) =>
                $"{context.Connection.RemoteIpAddress} {context.Request.Scheme}"),
            new() { Proxies = new() { Trusted = ["127.0.0.1"] } });
        using var response = await server.GetAsync(
            "/", ("X-Forwarded-For", "6.6.6.6, 203.0.113.7"), ("X-Forwarded-Proto", "https"));
        Assert.Equal("203.0.113.7 https", await response.Content.ReadAsStringAsync());
    }

    private static async Task<HttpContext> AskAsync(
        string peer, ProxyOptions options, params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        (context.Request.Scheme, context.Request.Host) = ("http", new("original"));
        foreach (var (name, value) in headers.Where(header => header.Value.Length > 0))
        {
            context.Request.Headers[name] = value;
        }

        await new ForwardedRequests(_ => Task.CompletedTask, options).InvokeAsync(context);
        return context;
    }
}
