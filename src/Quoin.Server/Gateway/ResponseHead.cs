using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Gateway;

/// <summary>Status and headers of an answer, and bodies that are written at once.</summary>
internal static class ResponseHead
{
    private static readonly string[] PassedOnPrefixes =
        ["x-ratelimit-", "anthropic-ratelimit-", "anthropic-organization-id", "openai-"];

    /// <summary>Sets everything but Content-Length. X-Request-ID was set by the edge.</summary>
    public static void Begin(Exchange exchange, int status, string contentType, HttpResponseMessage? upstream = null)
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

    private static void PassOn(HttpResponseMessage upstream, IHeaderDictionary headers)
    {
        foreach (var (name, values) in upstream.Headers.NonValidated)
        {
            if (name.Equals("request-id", StringComparison.OrdinalIgnoreCase)
                || name.Equals("x-request-id", StringComparison.OrdinalIgnoreCase))
            {
                headers["X-Quoin-Provider-Request-ID"] = HeaderText(values.ToString());
            }
            else if (Array.Exists(
                PassedOnPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                headers[name] = HeaderText(values.ToString());
            }
        }
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
