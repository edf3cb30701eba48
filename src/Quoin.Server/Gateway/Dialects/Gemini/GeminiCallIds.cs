using System.Globalization;
using System.Text;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Ids of function calls that Gemini left without one. They are made from the answer's id (or its bytes) and the
/// call's place, so they are the same each time the answer is read and differ between the answers of a conversation.
/// Letters, digits and underscores only, at most 40 characters, as the other dialects demand.
/// </summary>
internal static class GeminiCallIds
{
    private const string Prefix = "call_gm_";

    /// <summary>For a call in an answer.</summary>
    public static string InAnswer(ReadOnlySpan<byte> answer, int call) => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix}{Hash(answer):x16}_{call}");

    public static string InAnswer(string responseId, int call) =>
        InAnswer(Encoding.UTF8.GetBytes(responseId), call);

    /// <summary>For a call in a request's history, where the place is the same in each later request.</summary>
    public static string InHistory(int content, int part) => string.Create(
        CultureInfo.InvariantCulture, $"{Prefix}{content}_{part}");

    /// <summary>Whether the id was made here, and so means nothing to Gemini.</summary>
    public static bool IsMade(string id) => id.StartsWith(Prefix, StringComparison.Ordinal);

    // FNV-1a, 64 bits: no secret is kept by it and no enemy gains by a collision.
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash;
    }
}
