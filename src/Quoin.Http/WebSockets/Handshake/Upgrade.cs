using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;

namespace Quoin.Http.WebSockets.Handshake;

/// <summary>What a handshake led to.</summary>
/// <param name="Stream">Frames go over it; null: the request was answered as the other values say.</param>
internal readonly record struct Upgraded(
    Stream? Stream, string? SubProtocol = null, bool Deflate = false, int Status = 0, string Fault = "");

/// <summary>
/// The handshake, over HTTP/1.1 (RFC 6455 §4.2) and over HTTP/2 as an extended CONNECT (RFC 8441 §4):
/// <code>
/// is it one → version → key → origin → sub-protocol → extensions → 101, over HTTP/2 200
/// </code>
/// </summary>
internal static class Upgrade
{
    private const string Version = "13";
    private const string Protocol = "websocket";
    private const int KeyBytes = 16;

    /// <summary>Hashed with the client's key (RFC 6455 §1.3).</summary>
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static async Task<Upgraded> TryAsync(
        HttpContext context, WebSocketOptions options, IReadOnlyList<string> subProtocols)
    {
        var (request, response) = (context.Request, context.Response);
        var connect = context.Features.Get<IHttpExtendedConnectFeature>();
        var overHttp2 = connect is { IsExtendedConnect: true };
        if (RefusalOf(context, connect) is { Stream: null, Status: > 0 } refused)
        {
            return refused;
        }

        if (!OriginCheck.Allows(options.AllowedOrigins, request.Headers.Origin, request.Host.Value))
        {
            return new(null, Status: StatusCodes.Status403Forbidden,
                Fault: $"a page of {request.Headers.Origin} may not connect");
        }

        var answer = DeflateOffer.Choose(request.Headers.SecWebSocketExtensions.ToString());
        if (answer == DeflateAnswer.Malformed)
        {
            return new(null, Status: StatusCodes.Status400BadRequest, Fault: "Sec-WebSocket-Extensions is no list");
        }

        var deflate = answer == DeflateAnswer.Taken && options.Compression;
        var subProtocol = ChooseSubProtocol(request.Headers.SecWebSocketProtocol, subProtocols);
        if (subProtocol is not null)
        {
            response.Headers.SecWebSocketProtocol = subProtocol;
        }

        if (deflate)
        {
            response.Headers.SecWebSocketExtensions = DeflateOffer.Response;
        }

        Unbind(context);
        if (overHttp2)
        {
            return new(await connect!.AcceptAsync(), subProtocol, deflate);
        }

        response.Headers.Upgrade = Protocol;
        response.Headers.SecWebSocketAccept = AcceptOf(request.Headers.SecWebSocketKey.ToString());
        var upgrade = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
        return new(await upgrade.UpgradeAsync(), subProtocol, deflate);
    }

    /// <summary>What the key is answered with (RFC 6455 §4.2.2).</summary>
    public static string AcceptOf(string key) => Convert.ToBase64String(
#pragma warning disable CA5350 // The protocol says so; it is no signature.
        SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
#pragma warning restore CA5350

    private static Upgraded? RefusalOf(HttpContext context, IHttpExtendedConnectFeature? connect)
    {
        var (request, response) = (context.Request, context.Response);
        var overHttp2 = connect is { IsExtendedConnect: true };
        if (overHttp2)
        {
            if (!string.Equals(connect!.Protocol, Protocol, StringComparison.OrdinalIgnoreCase))
            {
                return new(null, Status: StatusCodes.Status501NotImplemented,
                    Fault: "the protocol is not websocket");
            }
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
            || !Names(request.Headers.Upgrade, Protocol))
        {
            response.Headers.Upgrade = Protocol;
            return new(null, Status: StatusCodes.Status426UpgradeRequired, Fault: "this path takes WebSockets alone");
        }

        if (request.Headers.SecWebSocketVersion is not [Version])
        {
            response.Headers.SecWebSocketVersion = Version;
            return new(null, Status: StatusCodes.Status426UpgradeRequired, Fault: "Sec-WebSocket-Version is not 13");
        }

        return overHttp2 || IsKey(request.Headers.SecWebSocketKey) ? null : new(null,
            Status: StatusCodes.Status400BadRequest, Fault: "Sec-WebSocket-Key is not 16 bytes in base64");
    }

    private static bool IsKey(StringValues key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return key is [{ Length: 24 } text] && Convert.TryFromBase64String(text, bytes, out var length)
            && length == KeyBytes;
    }

    /// <summary>A list of names that may be spread over several headers holds this one.</summary>
    private static bool Names(StringValues list, string name)
    {
        foreach (var one in HeaderList.Of(list))
        {
            if (string.Equals(one, name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first of the server's that the client speaks too.</summary>
    private static string? ChooseSubProtocol(StringValues offered, IReadOnlyList<string> served)
    {
        var names = HeaderList.Of(offered);
        foreach (var one in served)
        {
            if (names.Contains(one))
            {
                return one;
            }
        }

        return null;
    }

    /// <summary>Limits of requests and their bodies are none of a connection that stays open.</summary>
    private static void Unbind(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } reading)
        {
            reading.MinDataRate = null;
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } writing)
        {
            writing.MinDataRate = null;
        }
    }
}
