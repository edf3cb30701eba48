using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Errors inside a stream. The documented error event has code, message and param at its top; OpenAI itself sends
/// them in an <c>error</c> object, which its own clients look for. Both are written, both are read. The event's
/// sequence_number is 0, since the writer of an error does not know how far the stream had come.
/// </summary>
internal static class ResponsesErrors
{
    public static void WriteEvent(GatewayError error, IBufferWriter<byte> output) =>
        JsonOutput.WriteEvent(output, "error"u8, error, static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "error"u8);
            writer.WriteNumber("sequence_number"u8, 0);
            writer.WriteString("code"u8, OpenAIErrors.CodeOf(e));
            writer.WriteString("message"u8, e.Message);
            writer.WriteString("param"u8, e.Param);
            writer.WritePropertyName("error"u8);
            OpenAIErrors.WriteObject(writer, e);
            writer.WriteEndObject();
        });

    /// <summary>Reads an error event, a response.failed event or a whole response whose status is failed.</summary>
    public static UpstreamError Read(JsonElement root)
    {
        var error = ResponsesJson.Find(root, "error");
        if (error.ValueKind != JsonValueKind.Object)
        {
            error = ResponsesJson.Find(ResponsesJson.Find(root, "response"), "error");
        }

        if (error.ValueKind != JsonValueKind.Object)
        {
            return Of(root, null);
        }

        return Of(error, ResponsesJson.Text(error, "type"));
    }

    /// <summary>Never throws.</summary>
    public static UpstreamError Read(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static UpstreamError Of(JsonElement error, string? type)
    {
        var code = ResponsesJson.Text(error, "code");
        return new UpstreamError(
            ResponsesJson.Text(error, "message"),
            type ?? (IsClientFault(code) ? "invalid_request_error" : null),
            code,
            ResponsesJson.Text(error, "param"));
    }

    /// <summary>Of the codes that a failed response may have, all but the provider's own troubles.</summary>
    private static bool IsClientFault(string? code) => code is not null
        && (code is "invalid_prompt" or "bio_policy" or "context_length_exceeded"
            || code.Contains("image", StringComparison.Ordinal));
}
