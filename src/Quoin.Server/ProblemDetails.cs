using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server;

/// <summary>A field of a request that is not as it must be.</summary>
/// <param name="Accepted">What would have been accepted, for a human; null where the reason says it.</param>
internal readonly record struct FieldFault(string Field, string Reason, string? Accepted = null);

/// <summary>
/// Errors of everything that is no model API: application/problem+json (RFC 9457). The response's status is set
/// before.
/// </summary>
internal static class ProblemDetails
{
    public static async Task WriteAsync(
        HttpContext http, RequestRecord record, string? detail = null, params FieldFault[] errors)
    {
        using var body = new PooledBuffer(1024);
        JsonOutput.Write(
            body, (http, record, detail, errors), static (w, s) => Write(w, s.http, s.record, s.detail, s.errors));
        http.Response.ContentType = "application/problem+json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body.WrittenMemory);
        }
    }

    private static void Write(
        Utf8JsonWriter writer, HttpContext http, RequestRecord record, string? detail, FieldFault[] errors)
    {
        var status = http.Response.StatusCode;
        writer.WriteStartObject();
        writer.WriteString("type"u8, "about:blank"u8);
        writer.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(status));
        writer.WriteNumber("status"u8, status);
        writer.WriteString("detail"u8, detail ?? record.Error?.Message ?? status switch
        {
            404 => "no endpoint has this path",
            405 => $"this path takes {http.Response.Headers.Allow}",
            _ => ReasonPhrases.GetReasonPhrase(status),
        });
        writer.WriteString("instance"u8, http.Request.Path.Value);
        writer.WriteString("request_id"u8, record.RequestId);
        WriteErrors(writer, errors);
        writer.WriteEndObject();
    }

    private static void WriteErrors(Utf8JsonWriter writer, FieldFault[] errors)
    {
        if (errors.Length == 0)
        {
            return;
        }

        writer.WriteStartArray("errors"u8);
        foreach (var error in errors)
        {
            writer.WriteStartObject();
            writer.WriteString("field"u8, error.Field);
            writer.WriteString("reason"u8, error.Reason);
            if (error.Accepted is { } accepted)
            {
                writer.WriteString("accepted"u8, accepted);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
