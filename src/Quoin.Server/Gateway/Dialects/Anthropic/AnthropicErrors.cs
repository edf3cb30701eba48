using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// <c>{"type":"error","error":{"type","message"},"request_id"}</c>, as a body and as the last event of a stream.
/// </summary>
internal static class AnthropicErrors
{
    public static void Write(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (error, requestId), WriteJson);

    public static void WriteEvent(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        JsonOutput.WriteEvent(output, "error"u8, (error, requestId), WriteJson);

    /// <summary>
    /// Whatever the body is. Messages about a field begin with its path and a colon
    /// (<c>messages.0.content: …</c>), which becomes the error's Param.
    /// </summary>
    public static UpstreamError Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = AnthropicJson.Root(document);

            // Gateways in between may put the words right into the root.
            var error = root.TryGetProperty("error", out var inner) && inner.ValueKind == JsonValueKind.Object
                ? inner
                : root;
            return Read(error);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    public static UpstreamError Read(JsonElement error)
    {
        var message = AnthropicJson.Text(error, "message");
        var type = AnthropicJson.Text(error, "type");
        return new UpstreamError(message, type, null, Param(message));
    }

    /// <summary>
    /// An error event within a stream. A refusal of the gateway's own credentials is the gateway's trouble, not
    /// the client's.
    /// </summary>
    public static GatewayError ToGatewayError(UpstreamError error)
    {
        var kind = error.Type switch
        {
            "invalid_request_error" => GatewayErrorKind.InvalidRequest,
            "request_too_large" => GatewayErrorKind.TooLarge,
            "rate_limit_error" => GatewayErrorKind.RateLimited,
            "overloaded_error" => GatewayErrorKind.Overloaded,
            "timeout_error" => GatewayErrorKind.Deadline,
            _ => GatewayErrorKind.BadGateway,
        };
        return new GatewayError(kind, error.Message ?? "The provider broke off with an error.") { Code = error.Type };
    }

    private static void WriteJson(Utf8JsonWriter writer, (GatewayError Error, string RequestId) state)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, TypeOf(state.Error.Kind));
        writer.WriteString("message"u8, state.Error.Message);
        writer.WriteEndObject();
        writer.WriteString("request_id"u8, state.RequestId);
        writer.WriteEndObject();
    }

    private static string TypeOf(GatewayErrorKind kind) => kind switch
    {
        GatewayErrorKind.Authentication => "authentication_error",
        GatewayErrorKind.Permission => "permission_error",
        GatewayErrorKind.NotFound => "not_found_error",
        GatewayErrorKind.TooLarge => "request_too_large",
        GatewayErrorKind.RateLimited => "rate_limit_error",
        GatewayErrorKind.Overloaded => "overloaded_error",
        GatewayErrorKind.Deadline or GatewayErrorKind.RequestTimeout => "timeout_error",
        GatewayErrorKind.Internal or GatewayErrorKind.BadGateway => "api_error",
        _ => "invalid_request_error",
    };

    private static string? Param(string? message)
    {
        var end = message?.IndexOf(": ", StringComparison.Ordinal) ?? -1;
        if (end <= 0)
        {
            return null;
        }

        foreach (var c in message.AsSpan(0, end))
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('_' or '.'))
            {
                return null;
            }
        }

        return message![..end];
    }
}
