using System.Text.Json;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

public sealed class SimSchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""")]
    [InlineData("""{"type":"string","minLength":50,"maxLength":55}""")]
    [InlineData("""{"type":"string","maxLength":1}""")]
    [InlineData("""{"type":"integer","minimum":-5,"maximum":-3}""")]
    [InlineData("""{"type":"integer","exclusiveMinimum":4,"exclusiveMaximum":6}""")]
    [InlineData("""{"type":"integer","maximum":-100}""")]
    [InlineData("""{"type":"number","minimum":0.1,"maximum":0.2}""")]
    [InlineData("""{"type":"number","multipleOf":0.25,"minimum":1}""")]
    [InlineData("""{"type":"integer","multipleOf":7,"minimum":10,"maximum":20}""")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":5,"maxItems":5}""")]
    [InlineData(
        """
        {"type":"array","prefixItems":[{"type":"null"},{"type":"string"}],"items":{"type":"integer"},
        "minItems":3}
        """)]
    [InlineData("""{"type":["null","string"]}""")]
    [InlineData("""{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}""")]
    [InlineData("""{"enum":[3,"x",null]}""")]
    [InlineData("""{"const":{"a":[1]}}""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"string"}]}""")]
    [InlineData("""{"properties":{"a":{"type":"integer"}},"required":["a","b"]}""")]
    [InlineData(
        """
        {"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},
        {"properties":{"b":{"const":2}},"required":["b"]}]}
        """)]
    [InlineData(
        """
        {"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"required":["n"],
        "$defs":{"n":{"type":"object","properties":{"v":{"type":"number"}},"required":["v"]}}}
        """)]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"},"v":{"type":"integer"}},"required":["v"]}""")]
    [InlineData(
        """
        {"type":"object","properties":{"l":{"type":"array","items":{"type":"object",
        "properties":{"m":{"type":"array","items":{"enum":["k"]}}},"required":["m"]}}},
        "required":["l"]}
        """)]
    public void The_value_satisfies_the_schema_for_any_seed(string schema)
    {
        var root = JsonDocument.Parse(schema).RootElement;
        for (var seed = 0UL; seed < 50; seed++)
        {
            var value = JsonDocument.Parse(SimSchema.Satisfy(root, new SimRandom(seed))).RootElement;
            Assert.True(Satisfies(value, root, root), $"seed {seed}: {value.GetRawText()}");
        }
    }

    [Theory]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#"}}}""")]
    [InlineData("""{"type":"array","items":{"$ref":"#"},"minItems":1}""")]
    [InlineData("""{"$ref":"#/nowhere"}""")]
    [InlineData("""{"type":"string","minLength":2000000000}""")]
    [InlineData("""{"type":"array","minItems":2000000000}""")]
    [InlineData(
        """
        {"type":"array","items":{"type":"array","minItems":64,"items":{"type":"array","minItems":64,
        "items":{"type":"array","minItems":64}}},"minItems":64}
        """)]
    [InlineData("true")]
    [InlineData("[]")]
    [InlineData("""{"type":5,"enum":[],"anyOf":[]}""")]
    [InlineData("""{"type":"integer","minimum":1e300}""")]
    public void No_schema_makes_it_endless_or_large(string schema)
    {
        var text = SimSchema.Satisfy(JsonDocument.Parse(schema).RootElement, new SimRandom(1));
        Assert.True(text.Length < SimSchema.MaxBytes + 64_000, $"{text.Length} bytes");
        using var value = JsonDocument.Parse(text);
        Assert.NotEqual(JsonValueKind.Undefined, value.RootElement.ValueKind);
    }

    /// <summary>A small validator of its own, for the keywords above.</summary>
    private static bool Satisfies(JsonElement value, JsonElement schema, JsonElement root)
    {
        if (Get(schema, "$ref") is { } reference)
        {
            var target = root;
            foreach (var name in reference.GetString()!.Split('/').Skip(1))
            {
                target = target.GetProperty(name);
            }

            return Satisfies(value, target, root);
        }

        var number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
        var length = value.ValueKind == JsonValueKind.String ? value.GetString()!.Length : 0;
        return (Get(schema, "const") is not { } constant || JsonElement.DeepEquals(constant, value))
            && (Get(schema, "enum") is not { } all || all.EnumerateArray().Any(x => JsonElement.DeepEquals(x, value)))
            && (Get(schema, "anyOf") is not { } any || any.EnumerateArray().Any(x => Satisfies(value, x, root)))
            && (Get(schema, "allOf") is not { } every || every.EnumerateArray().All(x => Satisfies(value, x, root)))
            && (Get(schema, "type") is not { } type || HasType(value, type))
            && !(number < Get(schema, "minimum")?.GetDouble()) && !(number > Get(schema, "maximum")?.GetDouble())
            && !(number <= Get(schema, "exclusiveMinimum")?.GetDouble())
            && !(number >= Get(schema, "exclusiveMaximum")?.GetDouble())
            && (Get(schema, "multipleOf") is not { } step || double.IsInteger(number / step.GetDouble()))
            && !(length < Get(schema, "minLength")?.GetInt32()) && !(length > Get(schema, "maxLength")?.GetInt32())
            && SatisfiesObject(value, schema, root) && SatisfiesArray(value, schema, root);
    }

    private static bool SatisfiesObject(JsonElement value, JsonElement schema, JsonElement root) =>
        value.ValueKind != JsonValueKind.Object
        || ((Get(schema, "required") is not { } required
                || required.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)))
            && (Get(schema, "properties") is not { } properties
                || properties.EnumerateObject().All(property =>
                    !value.TryGetProperty(property.Name, out var field) || Satisfies(field, property.Value, root))));

    private static bool SatisfiesArray(JsonElement value, JsonElement schema, JsonElement root)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return true;
        }

        var prefix = Get(schema, "prefixItems")?.EnumerateArray().ToList() ?? [];
        var items = value.EnumerateArray().ToList();
        return !(items.Count < Get(schema, "minItems")?.GetInt32())
            && !(items.Count > Get(schema, "maxItems")?.GetInt32())
            && items.Select((item, i) => i < prefix.Count
                ? Satisfies(item, prefix[i], root)
                : Get(schema, "items") is not { } each || Satisfies(item, each, root)).All(ok => ok);
    }

    private static bool HasType(JsonElement value, JsonElement type) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Any(one => HasType(value, one))
        : type.GetString()!.ToLowerInvariant() switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "null" => value.ValueKind == JsonValueKind.Null,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "integer" => value.ValueKind == JsonValueKind.Number && double.IsInteger(value.GetDouble()),
            _ => value.ValueKind == JsonValueKind.Number,
        };

    private static JsonElement? Get(JsonElement schema, string name) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(name, out var value) ? value : null;
}
