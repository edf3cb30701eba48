using System.Text.Json;

namespace Quoin.Server.Gateway.Sim;

/// <summary>Reads of JSON that take what is there and pass over what is absent, null or of another type.</summary>
internal static class SimJson
{
    public static JsonElement? Find(JsonElement parent, string name, string? otherName = null)
    {
        if (parent.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
        {
            return value;
        }

        if (otherName is not null && parent.TryGetProperty(otherName, out value)
            && value.ValueKind != JsonValueKind.Null)
        {
            return value;
        }

        return null;
    }

    public static string? Text(JsonElement parent, string name, string? otherName = null) =>
        Find(parent, name, otherName) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static int? Integer(JsonElement parent, string name, string? otherName = null) =>
        Find(parent, name, otherName) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
            ? number
            : null;

    public static double? Number(JsonElement parent, string name, string? otherName = null) =>
        Find(parent, name, otherName) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public static bool? Boolean(JsonElement parent, string name, string? otherName = null) =>
        Find(parent, name, otherName)?.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };

    public static JsonElement.ArrayEnumerator Items(JsonElement parent, string name, string? otherName = null) =>
        Find(parent, name, otherName) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : default;

    public static List<string> Strings(JsonElement parent, string name, string? otherName = null)
    {
        var values = new List<string>();
        foreach (var item in Items(parent, name, otherName))
        {
            if (item.ValueKind == JsonValueKind.String)
            {
                values.Add(item.GetString()!);
            }
        }

        return values;
    }
}
