using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// Typed reads of request fields that name the field and what is accepted when the value is of another type.
/// <c>path</c> is where the element stands in the client's body (<c>messages[0].content</c>).
/// </summary>
internal static class JsonFields
{
    /// <summary>How bodies are parsed for translation: the depth the envelope was checked for.</summary>
    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = Limits.JsonDepth };

    public static string String(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(element, path, "a string");

    public static string? StringOrNull(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Null ? null : String(element, path);

    public static bool Boolean(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(element, path, "true or false"),
    };

    public static bool? BooleanOrNull(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Null ? null : Boolean(element, path);

    public static int? IntegerOrNull(JsonElement element, string path, int min = int.MinValue, int max = int.MaxValue)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var value)
            || value < min || value > max)
        {
            throw Wrong(element, path, Range("an integer", min, max, int.MinValue, int.MaxValue));
        }

        return value;
    }

    public static long? LongOrNull(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value)
            ? value
            : throw Wrong(element, path, "an integer");
    }

    public static double? NumberOrNull(
        JsonElement element, string path, double min = double.MinValue, double max = double.MaxValue)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Number || !element.TryGetDouble(out var value)
            || value < min || value > max)
        {
            throw Wrong(element, path, Range("a number", min, max, double.MinValue, double.MaxValue));
        }

        return value;
    }

    /// <summary>Checks that the element is an object; enumerate it with <c>EnumerateObject</c>.</summary>
    public static JsonElement Object(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Object ? element : throw Wrong(element, path, "an object");

    /// <summary>The properties of a request's object; a name given twice is refused.</summary>
    public static IEnumerable<JsonProperty> Once(JsonElement request)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in request.EnumerateObject())
        {
            yield return seen.Add(property.Name)
                ? property
                : throw GatewayException.Invalid(property.Name, $"{property.Name} is given twice", "duplicate_field");
        }
    }

    /// <summary>Checks that the element is an array; enumerate it with <c>EnumerateArray</c>.</summary>
    public static JsonElement Array(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Array ? element : throw Wrong(element, path, "an array");

    public static IReadOnlyList<string> Strings(JsonElement element, string path)
    {
        var values = new List<string>();
        foreach (var item in Array(element, path).EnumerateArray())
        {
            values.Add(String(item, $"{path}[{values.Count}]"));
        }

        return values;
    }

    /// <summary>The field has a value that no other provider's dialect can say, or that is not known at all.</summary>
    public static GatewayException Unsupported(string path, string reason) =>
        GatewayException.Invalid(path, $"{path} {reason}", "unsupported_parameter");

    /// <summary>An unknown field in a request that must be translated.</summary>
    public static GatewayException Unknown(string path) => GatewayException.Invalid(
        path,
        $"{path} is not a field that can be translated for this model's provider; leave it out, or use a model "
        + "whose provider speaks this API itself",
        "unsupported_parameter");

    public static GatewayException Missing(string path) =>
        GatewayException.Invalid(path, $"{path} is missing", "missing_required_parameter");

    public static GatewayException Wrong(JsonElement element, string path, string accepted) =>
        GatewayException.Invalid(path, $"{path} must be {accepted}, found {Describe(element)}", "invalid_type");

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => element.GetRawText() is { Length: <= 24 } raw ? raw : "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    private static string Range(string noun, double min, double max, double least, double greatest) =>
        (min > least, max < greatest) switch
        {
            (true, true) => $"{noun} from {min} to {max}",
            (true, false) => $"{noun} of at least {min}",
            (false, true) => $"{noun} of at most {max}",
            _ => noun,
        };
}
