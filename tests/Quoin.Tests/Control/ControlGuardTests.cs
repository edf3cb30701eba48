using System.Net;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Control;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Control;

public sealed class ControlGuardTests
{
    [Theory]
    [InlineData("127.0.0.1", "localhost:8080", true)]
    [InlineData("127.0.0.1", "127.0.0.1:8080", true)]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1", true)]
    [InlineData("::1", "[::1]:8080", true)]
    [InlineData("10.0.0.7", "localhost", false)]
    [InlineData("::ffff:10.0.0.7", "localhost", false)]
    [InlineData("127.0.0.1", "quoin.example", false)]
    public void Only_a_caller_on_this_machine_that_names_it_so_is_admitted(string peer, string host, bool admitted) =>
        Assert.Equal(admitted, ControlGuard.Admits(From(peer, host)));

    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    [InlineData("X-Real-IP")]
    [InlineData("Via")]
    public void A_forwarded_request_is_not_local(string header)
    {
        var http = From("127.0.0.1", "localhost");
        http.Request.Headers[header] = "anything";
        Assert.False(ControlGuard.Admits(http));
    }

    [Theory]
    [InlineData("http://localhost:8080", true)]
    [InlineData("https://localhost:8080", false)]
    [InlineData("http://localhost:9999", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    public void A_page_of_another_site_is_refused(string origin, bool admitted)
    {
        var http = From("127.0.0.1", "localhost:8080");
        http.Request.Headers.Origin = origin;
        Assert.Equal(admitted, ControlGuard.Admits(http));
    }

    [Fact]
    public async Task The_control_plane_says_why_it_refuses()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/anything");
        request.Headers.Add("X-Forwarded-For", "10.1.2.3");
        using var response = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("this machine only", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static DefaultHttpContext From(string peer, string host)
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(peer);
        http.Request.Scheme = "http";
        http.Request.Host = new HostString(host);
        return http;
    }
}
