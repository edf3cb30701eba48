using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Quoin.Http.Framing;

/// <summary>Puts <see cref="FramedReader"/> before the HTTP/1 connections of a listener.</summary>
internal static class FramingCheck
{
    /// <summary>After TLS, where there is some: what was negotiated to be HTTP/2 has frames of its own.</summary>
    public static ConnectionDelegate Around(ConnectionDelegate next, FramingMetrics metrics) => connection =>
    {
        var negotiated = connection.Features.Get<ITlsApplicationProtocolFeature>()?.ApplicationProtocol ?? default;
        if (!negotiated.Span.SequenceEqual("h2"u8))
        {
            var framing = new RequestFraming();
            connection.Features.Set(framing);
            connection.Transport = new FramedTransport(
                new FramedReader(connection.Transport.Input, framing, metrics), connection.Transport.Output);
        }

        return next(connection);
    };

    /// <summary>Once a request was answered with 101 its connection speaks another protocol.</summary>
    public static void Follow(HttpContext context)
    {
        if (context.Features.Get<RequestFraming>() is { } framing)
        {
            context.Response.OnStarting(static state =>
            {
                var (context, framing) = ((HttpContext, RequestFraming))state;
                if (context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols)
                {
                    framing.Stop();
                }

                return Task.CompletedTask;
            }, (context, framing));
        }
    }

    private sealed record FramedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
