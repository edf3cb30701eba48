using System.Text.Encodings.Web;
using System.Text.Json;

namespace Quoin.EndToEnd.Clients;

/// <summary>What a client got for a case, in the one form of <c>clients/cases.mjs</c>.</summary>
internal sealed record ClientAnswer(string Model, string Case, bool Ok, JsonElement Line)
{
    private static readonly JsonSerializerOptions Readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The HTTP status that the client's error carries; null when it carries none.</summary>
    public int? Status =>
        !Ok && Line.GetProperty("error").GetProperty("status") is { ValueKind: JsonValueKind.Number } status
            ? status.GetInt32()
            : null;

    /// <summary>All but model and case: what two ways to the same answer must agree on.</summary>
    public string Content => JsonSerializer.Serialize(Line.EnumerateObject()
        .Where(property => property.Name is not ("model" or "case"))
        .ToDictionary(property => property.Name, property => property.Value), Readable);

    public static ClientAnswer Parse(string line)
    {
        var json = JsonElement.Parse(line);
        return new ClientAnswer(
            json.GetProperty("model").GetString()!, json.GetProperty("case").GetString()!,
            json.GetProperty("ok").GetBoolean(), json);
    }
}
