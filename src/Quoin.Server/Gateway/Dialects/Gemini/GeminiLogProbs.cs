using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Reads <c>logprobsResult</c>: chosen tokens, and at the same places the likeliest ones.</summary>
internal static class GeminiLogProbs
{
    public static List<TokenLogProb>? Read(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object
            || !result.TryGetProperty("chosenCandidates"u8, out var chosen) || chosen.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var tops = result.TryGetProperty("topCandidates"u8, out var all) && all.ValueKind == JsonValueKind.Array
            ? all.EnumerateArray().Select(ReadTop).ToList()
            : [];
        var tokens = new List<TokenLogProb>();
        foreach (var token in chosen.EnumerateArray())
        {
            tokens.Add(ReadToken(token) with { Top = tokens.Count < tops.Count ? tops[tokens.Count] : null });
        }

        return tokens.Count > 0 ? tokens : null;
    }

    private static List<TokenLogProb> ReadTop(JsonElement top) =>
        top.TryGetProperty("candidates"u8, out var candidates) && candidates.ValueKind == JsonValueKind.Array
            ? candidates.EnumerateArray().Select(ReadToken).ToList()
            : [];

    private static TokenLogProb ReadToken(JsonElement token) => new(
        token.TryGetProperty("token"u8, out var text) ? text.GetString() ?? "" : "",
        token.TryGetProperty("logProbability"u8, out var value) ? JsonNumbers.Finite(value) : 0);
}
