using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Errors as Google's APIs write them (google.rpc.Status): <c>{"error":{"code","message","status","details"}}</c>,
/// the field at fault as a BadRequest detail, the time to wait as RetryInfo.
/// </summary>
internal static class GeminiErrors
{
    private const string Types = "type.googleapis.com/google.rpc.";

    public static void Write(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (error, requestId), static (json, state) => Write(json, state.error, state.requestId));

    public static void WriteEvent(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        JsonOutput.WriteEvent(
            output, default, (error, requestId), static (json, state) => Write(json, state.error, state.requestId));

    /// <summary>Reads an error body, whatever it is. Google wraps the error of a stream in an array.</summary>
    public static UpstreamError Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0)
            {
                root = root[0];
            }

            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error"u8, out var error)
                ? ReadStatus(error)
                : default;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>Reads the object under <c>error</c>.</summary>
    public static UpstreamError ReadStatus(JsonElement error)
    {
        if (error.ValueKind == JsonValueKind.String)
        {
            return new UpstreamError(error.GetString(), null, null, null);
        }

        if (error.ValueKind != JsonValueKind.Object)
        {
            return default;
        }

        var status = Text(error, "status"u8);
        string? field = null;
        TimeSpan? wait = null;
        var code = status;
        if (error.TryGetProperty("details"u8, out var details) && details.ValueKind == JsonValueKind.Array)
        {
            foreach (var detail in details.EnumerateArray())
            {
                field ??= Field(detail);
                wait ??= Wait(Text(detail, "retryDelay"u8));

                // Google answers 400 INVALID_ARGUMENT to a wrong key; only this reason tells it from a bad request.
                code = Text(detail, "reason"u8) is "API_KEY_INVALID" ? "API_KEY_INVALID" : code;
            }
        }

        return new UpstreamError(Text(error, "message"u8), status, code, field, wait);
    }

    private static void Write(Utf8JsonWriter json, GatewayError error, string requestId)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteNumber("code"u8, error.Status);
        json.WriteString("message"u8, error.Message);
        json.WriteString("status"u8, StatusOf(error.Kind));
        json.WriteStartArray("details"u8);
        if (error.Code is not null)
        {
            json.WriteStartObject();
            json.WriteString("@type"u8, Types + "ErrorInfo");
            json.WriteString("reason"u8, error.Code);
            json.WriteString("domain"u8, "quoin"u8);
            json.WriteEndObject();
        }

        if (error.Param is not null)
        {
            WriteFieldViolation(json, error);
        }

        if (error.RetryAfter is { } wait)
        {
            json.WriteStartObject();
            json.WriteString("@type"u8, Types + "RetryInfo");
            json.WriteString(
                "retryDelay"u8, wait.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s");
            json.WriteEndObject();
        }

        json.WriteStartObject();
        json.WriteString("@type"u8, Types + "RequestInfo");
        json.WriteString("requestId"u8, requestId);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteFieldViolation(Utf8JsonWriter json, GatewayError error)
    {
        json.WriteStartObject();
        json.WriteString("@type"u8, Types + "BadRequest");
        json.WriteStartArray("fieldViolations"u8);
        json.WriteStartObject();
        json.WriteString("field"u8, error.Param);
        json.WriteString("description"u8, error.Message);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string StatusOf(GatewayErrorKind kind) => kind switch
    {
        GatewayErrorKind.Authentication => "UNAUTHENTICATED",
        GatewayErrorKind.Permission => "PERMISSION_DENIED",
        GatewayErrorKind.NotFound => "NOT_FOUND",
        GatewayErrorKind.MethodNotAllowed => "UNIMPLEMENTED",
        GatewayErrorKind.Conflict => "ABORTED",
        GatewayErrorKind.Unprocessable => "FAILED_PRECONDITION",
        GatewayErrorKind.RateLimited => "RESOURCE_EXHAUSTED",
        GatewayErrorKind.Internal => "INTERNAL",
        GatewayErrorKind.BadGateway or GatewayErrorKind.Overloaded => "UNAVAILABLE",
        GatewayErrorKind.RequestTimeout or GatewayErrorKind.Deadline => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    };

    /// <summary>A duration of protocol buffers, such as <c>31.5s</c>; at most a day is believed.</summary>
    private static TimeSpan? Wait(string? duration) =>
        duration is not null && duration.EndsWith('s')
        && double.TryParse(
            duration.AsSpan(0, duration.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, 86400))
            : null;

    private static string? Field(JsonElement detail) =>
        detail.ValueKind == JsonValueKind.Object
        && detail.TryGetProperty("fieldViolations"u8, out var violations)
        && violations.ValueKind == JsonValueKind.Array && violations.GetArrayLength() > 0
            ? Text(violations[0], "field"u8)
            : null;

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
