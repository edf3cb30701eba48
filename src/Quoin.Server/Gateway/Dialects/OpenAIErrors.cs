using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// OpenAI's error object, shared by all its APIs: <c>{"error":{"message","type","param","code"}}</c>.
/// </summary>
internal static class OpenAIErrors
{
    public static void Write(GatewayError error, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, error, static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("error"u8);
            WriteObject(writer, e);
            writer.WriteEndObject();
        });

    /// <summary>The object that stands under <c>error</c>.</summary>
    public static void WriteObject(Utf8JsonWriter writer, GatewayError error)
    {
        writer.WriteStartObject();
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("type"u8, TypeOf(error.Kind));
        writer.WriteString("param"u8, error.Param);
        writer.WriteString("code"u8, CodeOf(error));
        writer.WriteEndObject();
    }

    public static string? CodeOf(GatewayError error) => error.Code ?? CodeOf(error.Kind);

    /// <summary>Never throws: a body of another shape gives what can be found, or nothing.</summary>
    public static UpstreamError Read(int status, ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("error", out var error))
            {
                // FastAPI-based servers (vLLM) answer {"detail": …} or the error's fields at the top.
                return new UpstreamError(Text(root, "message") ?? Text(root, "detail"), null, Text(root, "code"), null);
            }

            return error.ValueKind == JsonValueKind.String
                ? new UpstreamError(error.GetString(), null, null, null)
                : new UpstreamError(
                    Text(error, "message"), Text(error, "type"), Text(error, "code"), Text(error, "param"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            ? value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            }
            : null;

    private static string TypeOf(GatewayErrorKind kind) => kind switch
    {
        GatewayErrorKind.Authentication => "authentication_error",
        GatewayErrorKind.Permission => "permission_error",
        GatewayErrorKind.RateLimited => "rate_limit_error",
        GatewayErrorKind.Internal or GatewayErrorKind.BadGateway or GatewayErrorKind.Overloaded => "server_error",
        GatewayErrorKind.Deadline or GatewayErrorKind.RequestTimeout => "timeout_error",
        _ => "invalid_request_error",
    };

    private static string? CodeOf(GatewayErrorKind kind) => kind switch
    {
        GatewayErrorKind.ContextLength => "context_length_exceeded",
        GatewayErrorKind.ContentFilter => "content_filter",
        GatewayErrorKind.RateLimited => "rate_limit_exceeded",
        GatewayErrorKind.Overloaded => "overloaded",
        _ => null,
    };
}
