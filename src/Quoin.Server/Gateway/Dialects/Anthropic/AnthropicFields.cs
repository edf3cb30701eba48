using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>The fields of an object in a request, each name once.</summary>
internal static class AnthropicFields
{
    /// <param name="path">Where the object stands; empty for the body itself.</param>
    public static IEnumerable<JsonProperty> Of(JsonElement element, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in JsonFields.Object(element, path.Length == 0 ? "body" : path).EnumerateObject())
        {
            if (!names.Add(field.Name))
            {
                var place = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
                throw GatewayException.Invalid(place, $"{place} is given twice", "duplicate_parameter");
            }

            yield return field;
        }
    }
}
