using System.Text;
using System.Text.Json;

namespace Quoin.Fuzz;

/// <summary>
/// A JSON value that can be bent: names and scalars are raw text, so that a tree may hold a name twice, a number
/// out of all range or half a surrogate pair, which no JSON library would write.
/// </summary>
internal sealed class JsonTree
{
    /// <summary>Far beyond what any reader accepts, and safe for the stack.</summary>
    private const int MaxDepth = 256;

    private JsonTree(JsonValueKind kind, string raw) => (Kind, Raw) = (kind, raw);

    /// <summary>Object, Array, or anything else for a scalar.</summary>
    public JsonValueKind Kind { get; set; }

    /// <summary>A scalar as it is written.</summary>
    public string Raw { get; set; }

    /// <summary>Members of an object, or items of an array under empty names. Names are raw, quotes included.</summary>
    public List<(string Name, JsonTree Value)> Members { get; } = [];

    public bool IsScalar => Kind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <summary>Null when the bytes are no JSON.</summary>
    public static JsonTree? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return Of(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public static JsonTree Parse(string json) => Parse(Encoding.UTF8.GetBytes(json)) ?? Scalar(json);

    public static JsonTree Scalar(string raw) => new(JsonValueKind.Undefined, raw);

    public static JsonTree Array(JsonTree item)
    {
        var tree = new JsonTree(JsonValueKind.Array, "");
        tree.Members.Add(("", item));
        return tree;
    }

    public static JsonTree Object(string name, JsonTree value)
    {
        var tree = new JsonTree(JsonValueKind.Object, "");
        tree.Members.Add((name, value));
        return tree;
    }

    public JsonTree Clone()
    {
        var copy = new JsonTree(Kind, Raw);
        copy.Members.AddRange(Members.Select(member => (member.Name, member.Value.Clone())));
        return copy;
    }

    /// <summary>The tree's nodes, parents before their children.</summary>
    public List<JsonTree> Nodes()
    {
        var nodes = new List<JsonTree> { this };
        for (var i = 0; i < nodes.Count; i++)
        {
            nodes.AddRange(nodes[i].Members.Select(member => member.Value));
        }

        return nodes;
    }

    /// <summary>Becomes another value in place.</summary>
    public void Become(JsonTree other)
    {
        var members = other.Members.ToArray();
        (Kind, Raw) = (other.Kind, other.Raw);
        Members.Clear();
        Members.AddRange(members);
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        Write(text, 0);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static JsonTree Of(JsonElement element)
    {
        var tree = new JsonTree(element.ValueKind, "");
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    tree.Members.Add((JsonSerializer.Serialize(property.Name), Of(property.Value)));
                }

                break;
            case JsonValueKind.Array:
                tree.Members.AddRange(element.EnumerateArray().Select(item => ("", Of(item))));
                break;
            default:
                tree.Raw = element.GetRawText();
                break;
        }

        return tree;
    }

    private void Write(StringBuilder text, int depth)
    {
        if (IsScalar || depth > MaxDepth)
        {
            text.Append(IsScalar ? Raw : "0");
            return;
        }

        var (open, close) = Kind == JsonValueKind.Object ? ('{', '}') : ('[', ']');
        text.Append(open);
        for (var i = 0; i < Members.Count; i++)
        {
            text.Append(i > 0 ? "," : "");
            if (Kind == JsonValueKind.Object)
            {
                text.Append(Members[i].Name.Length > 0 ? Members[i].Name : "\"\"").Append(':');
            }

            Members[i].Value.Write(text, depth + 1);
        }

        text.Append(close);
    }
}
