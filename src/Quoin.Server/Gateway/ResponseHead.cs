using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway;

/// <summary>Status and headers of an answer, and bodies that are written at once.</summary>
internal static class ResponseHead
{
    private static readonly byte[][] PassedOnPrefixes =
    [
        [.. "x-ratelimit-"u8], [.. "anthropic-ratelimit-"u8], [.. "anthropic-organization-id"u8], [.. "openai-"u8],
    ];

    /// <summary>Sets everything but Content-Length. X-Request-ID was set by the edge.</summary>
    public static void Begin(Exchange exchange, int status, string contentType, UpstreamResponse? upstream = null)
    {
        var (response, record) = (exchange.Http.Response, exchange.Record);
        response.StatusCode = status;
        var headers = response.Headers;
        headers.ContentType = HeaderText(contentType);
        if (record.Provider is { } provider)
        {
            headers["X-Quoin-Provider"] = provider;
            headers["X-Quoin-Model"] = HeaderText(record.Model);
            headers["X-Quoin-Attempts"] = SmallNumber(record.Attempts);
            headers["Server-Timing"] = exchange.Services.ServerTiming.Format(record);
        }

        if (exchange.CacheOutcome is { } outcome)
        {
            headers["X-Quoin-Cache"] = CacheMetrics.NameOf(outcome);
            headers["X-Quoin-Cache-Key"] = exchange.CacheKey?.ToString();
            headers.Age = exchange.CacheAge is { } age
                ? ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture)
                : default;
        }

        if (upstream is not null)
        {
            PassOn(upstream, headers);
        }
    }

    /// <summary>A whole answer that the gateway made itself.</summary>
    public static async ValueTask<AttemptResult> WriteBodyAsync(
        Exchange exchange, ReadOnlyMemory<byte> body, string contentType)
    {
        Begin(exchange, StatusCodes.Status200OK, contentType);
        await WriteAsync(exchange, body);
        return AttemptResult.Answered;
    }

    public static Task WriteErrorAsync(Exchange exchange, GatewayError error, ReadOnlyMemory<byte> body)
    {
        Begin(exchange, error.Status, "application/json");
        SetRetryAfter(exchange.Http.Response.Headers, error);
        return WriteAsync(exchange, body);
    }

    public static void SetRetryAfter(IHeaderDictionary headers, GatewayError error)
    {
        if (error.RetryAfter is { } wait)
        {
            // Whole seconds, rounded up: a client that comes a moment early is refused again.
            headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }
    }

    public static async Task WriteAsync(Exchange exchange, ReadOnlyMemory<byte> body)
    {
        exchange.Http.Response.ContentLength = body.Length;
        exchange.Record.ResponseBytes += body.Length;
        await exchange.Http.Response.BodyWriter.WriteAsync(body);
    }

    private static void PassOn(UpstreamResponse upstream, IHeaderDictionary headers)
    {
        for (var i = 0; i < upstream.FieldCount; i++)
        {
            var name = upstream.FieldName(i);
            if (name.SequenceEqual("request-id"u8) || name.SequenceEqual("x-request-id"u8))
            {
                headers["X-Quoin-Provider-Request-ID"] = HeaderText(Encoding.Latin1.GetString(upstream.FieldValue(i)));
            }
            else if (IsPassedOn(name))
            {
                headers.Append(
                    Encoding.ASCII.GetString(name), HeaderText(Encoding.Latin1.GetString(upstream.FieldValue(i))));
            }
        }
    }

    private static bool IsPassedOn(ReadOnlySpan<byte> name)
    {
        foreach (var prefix in PassedOnPrefixes)
        {
            if (name.StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A header value of another's making: Kestrel refuses control and non-ASCII characters.</summary>
    private static StringValues HeaderText(string? text) =>
        text is null || !text.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? text
            : string.Create(text.Length, text, static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                {
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
                }
            });

    private static string SmallNumber(int number) => number switch
    {
        1 => "1",
        2 => "2",
        3 => "3",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}
