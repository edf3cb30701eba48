using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server;

/// <summary>Errors of everything that is no model API: application/problem+json (RFC 9457).</summary>
internal static class ProblemDetails
{
    public static async Task WriteAsync(HttpContext http, RequestRecord record)
    {
        using var body = new PooledBuffer(1024);
        JsonOutput.Write(body, (http, record), static (w, s) => Write(w, s.http, s.record));
        http.Response.ContentType = "application/problem+json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body.WrittenMemory);
        }
    }

    private static void Write(Utf8JsonWriter writer, HttpContext http, RequestRecord record)
    {
        var status = http.Response.StatusCode;
        writer.WriteStartObject();
        writer.WriteString("type"u8, "about:blank"u8);
        writer.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(status));
        writer.WriteNumber("status"u8, status);
        writer.WriteString("detail"u8, record.Error?.Message ?? status switch
        {
            404 => "no endpoint has this path",
            405 => $"this path takes {http.Response.Headers.Allow}",
            _ => ReasonPhrases.GetReasonPhrase(status),
        });
        writer.WriteString("instance"u8, http.Request.Path.Value);
        writer.WriteString("request_id"u8, record.RequestId);
        writer.WriteEndObject();
    }
}
