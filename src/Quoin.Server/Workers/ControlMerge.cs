using System.Text.Json.Nodes;

namespace Quoin.Server.Workers;

/// <summary>
/// One answer of the control plane out of those of all workers: what is counted adds up, of states the worst is told,
/// of times and ratios the greatest. Objects of a list are those of the same name, or of the same place.
/// </summary>
internal static class ControlMerge
{
    private static readonly HashSet<string> Greatest = new(StringComparer.Ordinal)
    {
        "latency_ms", "ttl_seconds", "p50", "p95", "p99", "oldest", "number", "for_s", "open_for_s", "refused_for_s",
        "failures",
    };

    private static readonly HashSet<string> OfSharedStore = new(StringComparer.Ordinal) { "size", "bytes" };

    /// <summary>From the best to the worst; a drained provider is drained whatever else it is.</summary>
    private static readonly string[] States = ["healthy", "unhealthy", "drained", "closed", "half_open", "open"];

    public static JsonNode? Merge(IReadOnlyList<JsonNode?> answers)
    {
        var merged = answers[0]?.DeepClone();
        for (var i = 1; i < answers.Count; i++)
        {
            merged = Merge("", merged, answers[i], shared: false);
        }

        if (merged is JsonObject cache && cache.ContainsKey("hit_rate"))
        {
            cache["hit_rate"] = RateOf(cache);
        }

        return merged;
    }

    private static JsonNode? Merge(string name, JsonNode? one, JsonNode? other, bool shared) => (one, other) switch
    {
        (JsonObject left, JsonObject right) when name == "last_error" => Latest(left, right),
        (JsonObject left, JsonObject right) => Merge(left, right),
        (JsonArray left, JsonArray right) => Merge(left, right),
        (JsonValue left, JsonValue right) => Merge(name, left, right, shared),
        (null, { } right) => right.DeepClone(),
        _ => one,
    };

    private static JsonObject Merge(JsonObject one, JsonObject other)
    {
        var shared = (string?)one["type"] == "redis";
        foreach (var (name, value) in other)
        {
            var before = one[name];
            var merged = one.ContainsKey(name) ? Merge(name, before, value, shared) : value?.DeepClone();
            if (!ReferenceEquals(merged, before))
            {
                one[name] = merged;
            }
        }

        return one;
    }

    private static JsonArray Merge(JsonArray one, JsonArray other)
    {
        for (var i = 0; i < other.Count; i++)
        {
            if (other[i] is not JsonObject item)
            {
                continue;
            }

            var name = (string?)(item["name"] ?? item["model"]);
            var same = name is null
                ? one.ElementAtOrDefault(i)
                : one.FirstOrDefault(node => node is JsonObject own && (string?)(own["name"] ?? own["model"]) == name);
            if (same is JsonObject known)
            {
                Merge(known, item);
            }
            else
            {
                one.Add(item.DeepClone());
            }
        }

        return one;
    }

    private static JsonValue Merge(string name, JsonValue one, JsonValue other, bool shared)
    {
        if (one.TryGetValue<bool>(out var left) && other.TryGetValue<bool>(out var right))
        {
            return JsonValue.Create(left || right);
        }

        if (one.TryGetValue<string>(out var text) && other.TryGetValue<string>(out var otherText))
        {
            return Array.IndexOf(States, otherText) > Array.IndexOf(States, text) ? JsonValue.Create(otherText) : one;
        }

        if (!one.TryGetValue<double>(out var a) || !other.TryGetValue<double>(out var b))
        {
            return one;
        }

        if (name == "success_rate")
        {
            return Number(Math.Min(a, b));
        }

        var greatest = Greatest.Contains(name) || (shared && OfSharedStore.Contains(name));
        return Number(greatest ? Math.Max(a, b) : a + b);
    }

    private static JsonObject Latest(JsonObject one, JsonObject other) =>
        string.CompareOrdinal((string?)one["at"], (string?)other["at"]) >= 0 ? one : (JsonObject)other.DeepClone();

    private static JsonValue RateOf(JsonObject cache)
    {
        double Of(string name) => (double?)cache[name] ?? 0;
        var found = Of("hits") + Of("coalesced");
        var asked = found + Of("misses");
        return Number(asked == 0 ? 0 : Math.Round(found / asked, 4));
    }

    /// <summary>Always of one type, for it may be merged again; whole numbers are written without a point.</summary>
    private static JsonValue Number(double value) => JsonValue.Create(Math.Round(value, 6));
}
