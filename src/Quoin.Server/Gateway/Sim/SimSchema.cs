using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Writes a JSON value that satisfies a JSON Schema: const, enum, the first of anyOf/oneOf, allOf read together,
/// $ref within the document, types with their bounds and the common formats. All properties are filled near the
/// root, only the required ones further down, and at <see cref="MaxDepth"/> a value is closed as small as its type
/// allows. Not understood, and so perhaps not satisfied: pattern, not, if/then/else, uniqueItems, dependencies.
/// </summary>
internal sealed class SimSchema
{
    private const int MaxDepth = 24;
    private const int FullDepth = 4;
    private const int MaxItems = 64;
    private const int MaxLength = 4096;

    /// <summary>Beyond so many bytes values are closed as small as their types allow.</summary>
    public const int MaxBytes = 256 * 1024;

    private readonly JsonElement _root;
    private SimRandom _random;

    private SimSchema(JsonElement root, SimRandom random)
    {
        _root = root;
        _random = random;
    }

    /// <param name="schema">Undefined: any object will do.</param>
    public static string Satisfy(JsonElement schema, SimRandom random)
    {
        var output = new ArrayBufferWriter<byte>(256);
        JsonOutput.Write(output, new SimSchema(schema, random), static (writer, self) => self.WriteRoot(writer));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private void WriteRoot(Utf8JsonWriter writer)
    {
        if (_root.ValueKind == JsonValueKind.Undefined)
        {
            writer.WriteStartObject();
            writer.WriteString("answer", SimWords.Word(ref _random) + " " + SimWords.Word(ref _random));
            writer.WriteEndObject();
            return;
        }

        Write(writer, _root, 0);
    }

    private void Write(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        schema = Resolve(schema);
        if (schema.ValueKind != JsonValueKind.Object)
        {
            writer.WriteStringValue(SimWords.Word(ref _random));
            return;
        }

        if (SimJson.Find(schema, "const") is { } constant)
        {
            constant.WriteTo(writer);
            return;
        }

        if (SimJson.Find(schema, "enum") is { ValueKind: JsonValueKind.Array } choices && choices.GetArrayLength() > 0)
        {
            choices[_random.Below(choices.GetArrayLength())].WriteTo(writer);
            return;
        }

        switch (TypeOf(schema))
        {
            case "object":
                WriteObject(writer, schema, depth);
                break;
            case "array":
                WriteArray(writer, schema, depth);
                break;
            case "integer":
                WriteInteger(writer, Number(schema, integer: true));
                break;
            case "number":
                writer.WriteNumberValue(Number(schema, integer: false));
                break;
            case "boolean":
                writer.WriteBooleanValue(_random.Below(2) == 1);
                break;
            case "null":
                writer.WriteNullValue();
                break;
            default:
                writer.WriteStringValue(Text(schema));
                break;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        writer.WriteStartObject();
        if (depth < MaxDepth && !Full(writer))
        {
            foreach (var layer in Layers(schema))
            {
                var required = SimJson.Strings(layer, "required");
                if (SimJson.Find(layer, "properties") is { ValueKind: JsonValueKind.Object } properties)
                {
                    foreach (var property in properties.EnumerateObject())
                    {
                        if ((depth < FullDepth || required.Contains(property.Name)) && written.Add(property.Name))
                        {
                            writer.WritePropertyName(property.Name);
                            Write(writer, property.Value, depth + 1);
                        }
                    }
                }

                foreach (var name in required.Where(written.Add))
                {
                    writer.WriteString(name, SimWords.Word(ref _random));
                }
            }
        }

        writer.WriteEndObject();
    }

    private void WriteArray(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        writer.WriteStartArray();
        var least = Math.Max(0, SimJson.Integer(schema, "minItems") ?? 0);
        var most = SimJson.Integer(schema, "maxItems") ?? Math.Max(2, least);
        var count = Math.Min(Math.Max(least, Math.Min(most, 1 + _random.Below(2))), MaxItems);
        if (depth >= FullDepth)
        {
            count = Math.Min(least, MaxItems);
        }

        var i = 0;
        foreach (var item in SimJson.Items(schema, "prefixItems"))
        {
            if (i < count && depth < MaxDepth && !Full(writer))
            {
                Write(writer, item, depth + 1);
                i++;
            }
        }

        for (; i < count && depth < MaxDepth && !Full(writer); i++)
        {
            Write(writer, SimJson.Find(schema, "items") ?? default, depth + 1);
        }

        writer.WriteEndArray();
    }

    private static void WriteInteger(Utf8JsonWriter writer, double value)
    {
        if (Math.Abs(value) < 1L << 53)
        {
            writer.WriteNumberValue((long)value);
        }
        else
        {
            writer.WriteNumberValue(value);
        }
    }

    private static bool Full(Utf8JsonWriter writer) => writer.BytesCommitted + writer.BytesPending > MaxBytes;

    private double Number(JsonElement schema, bool integer)
    {
        var step = SimJson.Number(schema, "multipleOf") is { } multiple and > 0 ? multiple : integer ? 1 : 0.5;
        var above = SimJson.Number(schema, "exclusiveMinimum");
        var below = SimJson.Number(schema, "exclusiveMaximum");
        var least = SimJson.Number(schema, "minimum") ?? double.NegativeInfinity;
        var most = SimJson.Number(schema, "maximum") ?? double.PositiveInfinity;
        if (double.IsInfinity(least) && above is null)
        {
            var bound = Math.Min(most, below ?? double.PositiveInfinity);
            least = double.IsInfinity(bound) || bound > 0 ? 0 : bound - (100 * step);
        }

        // The multiples of the step inside the bounds; where none is, the bound itself is the best there is.
        var first = Math.Ceiling(Math.Max(least, above ?? least) / step);
        first = first * step <= above ? first + 1 : first;
        var last = Math.Floor(Math.Min(Math.Min(most, below ?? most), (first + 100) * step) / step);
        last = last * step >= below ? last - 1 : last;
        if (last >= first)
        {
            return (first + _random.Below((int)(last - first) + 1)) * step;
        }

        return integer ? Math.Ceiling(least) : double.IsInfinity(most) ? least : (Math.Max(least, above ?? least)
            + Math.Min(most, below ?? most)) / 2;
    }

    private string Text(JsonElement schema)
    {
        var text = SimJson.Text(schema, "format") switch
        {
            "date" => Digits("2025-{0:00}-{1:00}", 12, 28),
            "time" => Digits("{0:00}:{1:00}:00Z", 23, 59),
            "date-time" => Digits("2025-{0:00}-{1:00}T12:00:00Z", 12, 28),
            "email" => SimWords.Word(ref _random) + "@example.com",
            "uuid" => new Guid(MakeBytes()).ToString(),
            "uri" or "url" => "https://example.com/" + SimWords.Word(ref _random),
            "hostname" => SimWords.Word(ref _random) + ".example.com",
            "ipv4" => Digits("192.0.2.{0}", 254, 1),
            "ipv6" => Digits("2001:db8::{0:x}", 254, 1),
            "byte" => Convert.ToBase64String(MakeBytes()),
            _ => SimWords.Word(ref _random),
        };
        var least = Math.Min(SimJson.Integer(schema, "minLength") ?? 0, MaxLength);
        var most = SimJson.Integer(schema, "maxLength") ?? int.MaxValue;
        var longer = new StringBuilder(text);
        while (longer.Length < least)
        {
            longer.Append(' ').Append(SimWords.Word(ref _random));
        }

        var keep = Math.Max(least, Math.Min(Math.Max(most, 0), text.Length));
        return longer.ToString(0, Math.Min(longer.Length, keep));
    }

    private string Digits(string format, int first, int second) => string.Format(
        CultureInfo.InvariantCulture, format, 1 + _random.Below(first), 1 + _random.Below(second));

    private byte[] MakeBytes()
    {
        var bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, _random.Next());
        BitConverter.TryWriteBytes(bytes.AsSpan(8), _random.Next());
        return bytes;
    }

    /// <summary>A schema and the parts of its allOf, each resolved.</summary>
    private IEnumerable<JsonElement> Layers(JsonElement schema)
    {
        yield return schema;
        foreach (var part in SimJson.Items(schema, "allOf"))
        {
            yield return Resolve(part);
        }
    }

    /// <summary>Follows $ref and takes the first branch of anyOf and oneOf, a bounded number of times.</summary>
    private JsonElement Resolve(JsonElement schema)
    {
        for (var i = 0; i < MaxDepth; i++)
        {
            if (SimJson.Text(schema, "$ref") is { } reference)
            {
                schema = Find(reference);
            }
            else if (FirstBranch(schema) is { } branch)
            {
                schema = branch;
            }
            else
            {
                break;
            }
        }

        return schema;
    }

    private static JsonElement? FirstBranch(JsonElement schema)
    {
        // An object with properties beside its anyOf uses the branches for constraints only.
        if (SimJson.Find(schema, "properties") is not null)
        {
            return null;
        }

        foreach (var branch in SimJson.Items(schema, "anyOf", "oneOf"))
        {
            return branch;
        }

        return null;
    }

    /// <summary>A JSON pointer in the same document (<c>#/$defs/city</c>).</summary>
    private JsonElement Find(string reference)
    {
        var found = _root;
        foreach (var name in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = SimJson.Find(found, name.Replace("~1", "/").Replace("~0", "~")) ?? default;
        }

        return found;
    }

    /// <summary>The declared type (Gemini spells it in capitals), or the one its keywords speak of.</summary>
    private string TypeOf(JsonElement schema)
    {
        foreach (var layer in Layers(schema))
        {
            var type = SimJson.Find(layer, "type");
            if (type is { ValueKind: JsonValueKind.String } one)
            {
                return one.GetString()!.ToLowerInvariant();
            }

            foreach (var choice in SimJson.Strings(layer, "type"))
            {
                return choice.ToLowerInvariant();
            }

            if (SimJson.Find(layer, "properties", "required") is not null)
            {
                return "object";
            }

            if (SimJson.Find(layer, "items", "prefixItems") is not null)
            {
                return "array";
            }
        }

        return SimJson.Find(schema, "minimum", "maximum") is not null ? "number" : "string";
    }
}
