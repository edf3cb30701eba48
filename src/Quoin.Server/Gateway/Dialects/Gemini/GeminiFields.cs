using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>A field of a request under its camelCase name; Path has the client's own spelling.</summary>
internal readonly record struct GeminiField(string Name, JsonElement Value, string Path);

/// <summary>
/// The JSON of protocol buffers as Google's servers read it: a field may be spelled in camelCase or in snake_case,
/// null is absent, and a repeated field with one value may be written without its array.
/// </summary>
internal static class GeminiFields
{
    /// <summary>The fields that are set. A field given twice, be it in two spellings, is refused.</summary>
    public static IEnumerable<GeminiField> Of(JsonElement element, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in JsonFields.Object(element, path.Length == 0 ? "the body" : path).EnumerateObject())
        {
            var name = CamelCase(property.Name);
            var at = At(path, property.Name);
            if (!seen.Add(name))
            {
                throw GatewayException.Invalid(at, $"{at} is given twice", "duplicate_field");
            }

            if (property.Value.ValueKind != JsonValueKind.Null)
            {
                yield return new GeminiField(name, property.Value, at);
            }
        }
    }

    /// <summary>The values of a repeated field with their paths.</summary>
    public static IEnumerable<(JsonElement Value, string Path)> Items(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            yield return (element, path);
            yield break;
        }

        var index = 0;
        foreach (var item in element.EnumerateArray())
        {
            yield return (item, $"{path}[{index++}]");
        }
    }

    public static string At(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    public static string CamelCase(string name)
    {
        if (!name.Contains('_', StringComparison.Ordinal))
        {
            return name;
        }

        return string.Create(name.Length - name.Count(c => c == '_'), name, static (span, source) =>
        {
            var (length, upper) = (0, false);
            foreach (var c in source)
            {
                if (c == '_')
                {
                    upper = true;
                    continue;
                }

                span[length] = upper && length > 0 ? char.ToUpperInvariant(c) : c;
                length++;
                upper = false;
            }
        });
    }
}
