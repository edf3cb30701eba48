using System.Net;
using Microsoft.AspNetCore.Http;

namespace Quoin.Http.Proxies;

/// <summary>
/// Gives a request that came through trusted proxies the address, scheme and host of its client. Not ASP.NET Core's
/// middleware: it does not read Forwarded, and loses scheme and host where a proxy sets them anew but adds to the list
/// of addresses.
/// </summary>
internal sealed class ForwardedRequests(RequestDelegate next, ProxyOptions options)
{
    private readonly TrustedNetworks _trusted = new(options.Trusted);

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is { } peer && _trusted.Contains(peer))
        {
            Apply(context, peer);
        }

        return next(context);
    }

    private void Apply(HttpContext context, IPAddress peer)
    {
        var headers = context.Request.Headers;
        var hops = new List<ForwardedHop>();
        var isX = options.Header == ForwardedHeader.XForwarded
            || (options.Header == ForwardedHeader.Auto
                && (headers["X-Forwarded-For"].Count > 0 || headers["Forwarded"].Count == 0));
        if (isX)
        {
            ForwardedText.Read(
                headers["X-Forwarded-For"].ToString(), headers["X-Forwarded-Proto"].ToString(),
                headers["X-Forwarded-Host"].ToString(), hops);
        }
        else
        {
            ForwardedText.Read(headers["Forwarded"].ToString(), hops);
        }

        var client = ForwardedFor.Resolve(peer, hops, _trusted, options.MaxHops);
        if (hops.Count > 0 && client.For is { } address && !address.Equals(peer))
        {
            context.Features.Set(new ProxyPeer(peer));
            context.Connection.RemoteIpAddress = address;
            context.Connection.RemotePort = 0;
        }

        context.Request.Scheme = client.Scheme ?? context.Request.Scheme;
        if (client.Host is { } host)
        {
            context.Request.Host = new HostString(host);
        }
    }
}

/// <summary>On requests and connections whose client a proxy has named.</summary>
/// <param name="Address">The proxy's.</param>
internal sealed record ProxyPeer(IPAddress Address);
