using System.Net;
using Quoin.Server.Gateway.Outbound;

namespace Quoin.Tests.Gateway.Outbound;

public sealed class OutboundGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.0.9")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::7f00:1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:db8::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void An_inner_address_is_refused(string address) =>
        Assert.NotNull(OutboundAddresses.RefusalOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("172.15.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("192.169.0.1")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::101:101")]
    public void An_address_on_the_internet_is_not(string address) =>
        Assert.Null(OutboundAddresses.RefusalOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://example.com/hook?a=1", null)]
    [InlineData("http://example.com:8080/", null)]
    [InlineData("https://1.1.1.1/", null)]
    [InlineData("https://inside.test:9000/", null)]
    [InlineData("https://INSIDE.test/", null)]
    [InlineData("https://port.test:9000/", null)]
    [InlineData("https://port.test:9001/", "port")]
    [InlineData("https://not-inside.test:9000/", "port")]
    [InlineData("ftp://example.com/", "scheme")]
    [InlineData("file:///etc/passwd", "scheme")]
    [InlineData("gopher://example.com/", "scheme")]
    [InlineData("https://user@example.com/", "user")]
    [InlineData("https://user:pw@example.com/", "user")]
    [InlineData("https://example.com/#x", "fragment")]
    [InlineData("https://example.com:22/", "port")]
    [InlineData("https://127.0.0.1/", "loopback")]
    [InlineData("https://127.1/", "loopback")]
    [InlineData("https://0x7f000001/", "loopback")]
    [InlineData("https://2130706433/", "loopback")]
    [InlineData("https://[::1]/", "loopback")]
    [InlineData("https://[::ffff:10.0.0.1]/", "private")]
    [InlineData("http://169.254.169.254/latest/meta-data/", "link-local")]
    [InlineData("/relative", "scheme")]
    [InlineData("relative", "absolute")]
    [InlineData("https://exa mple.com/", "absolute")]
    [InlineData("", "absolute")]
    public void A_url_is_judged_by_its_text(string url, string? part)
    {
        var refusal = Guard().RefusalOf(url, out _);
        if (part is null)
        {
            Assert.Null(refusal);
        }
        else
        {
            Assert.Contains(part, refusal, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("1.1.1.1,10.0.0.1")]
    [InlineData("::1")]
    [InlineData("")]
    public async Task A_name_is_judged_by_every_address_it_has_when_it_is_called(string addresses)
    {
        var found = addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse).ToArray();
        await Assert.ThrowsAsync<HttpRequestException>(
            () => Guard(found).ResolveAsync("rebound.test", 443, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_checked_is_what_is_connected_to()
    {
        IPAddress[] found = [IPAddress.Parse("1.1.1.1"), IPAddress.Parse("2606:4700:4700::1111")];
        Assert.Equal(found, await Guard(found).ResolveAsync("good.test", 443, CancellationToken.None));
        Assert.Equal(
            [IPAddress.Loopback],
            await Guard(IPAddress.Loopback).ResolveAsync("inside.test", 1, CancellationToken.None));
    }

    [Fact]
    public async Task A_call_of_a_name_that_leads_inside_is_refused_and_redirects_are_not_followed()
    {
        using var handler = Guard(IPAddress.Loopback).CreateHandler(TimeSpan.FromSeconds(5));
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseProxy);
        using var client = new HttpClient(handler);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(
            () => client.GetAsync(new Uri("http://rebound.test/")));
        Assert.Contains("loopback", failure.ToString(), StringComparison.Ordinal);
    }

    private static OutboundGuard Guard(params IPAddress[] addresses) => new(
        static () => ["inside.test", "port.test:9000"], (_, _) => Task.FromResult(addresses));
}
