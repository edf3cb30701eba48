using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads of an answer's fields. A field may be absent or null; one of another type is a
/// <see cref="JsonException"/>: the provider broke its contract.
/// </summary>
internal static class AnthropicJson
{
    public static string? Text(JsonElement element, string name)
    {
        if (!TryGet(element, name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            throw new JsonException($"{name} is not a string");
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException($"{name} holds invalid text", exception);
        }
    }

    public static int? Count(JsonElement element, string name) =>
        !TryGet(element, name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) ? count
        : throw new JsonException($"{name} is not an integer");

    public static JsonElement? Object(JsonElement element, string name) =>
        !TryGet(element, name, out var value) ? null
        : value.ValueKind == JsonValueKind.Object ? value
        : throw new JsonException($"{name} is not an object");

    public static JsonElement Root(JsonDocument document) =>
        document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement
            : throw new JsonException("not an object");

    private static bool TryGet(JsonElement element, string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}
