namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Thought signatures: what Gemini wants back with the parts of its own answers. A signature of a tool call is
/// always Gemini's. One on a text part is kept as a redacted <see cref="Conversation.ReasoningPart"/> after the
/// text, which other dialects carry to their clients and back as their own kind of sealed thought.
/// </summary>
internal static class GeminiSignatures
{
    /// <summary>
    /// Documented by Google for calls that a Gemini 3 model did not make itself, which it refuses unsigned
    /// (ai.google.dev/gemini-api/docs/thought-signatures).
    /// </summary>
    public const string Skip = "skip_thought_signature_validator";

    private const string SkipOther = "context_engineering_is_the_way_to_go";

    /// <summary>The models that refuse an unsigned first call of a step.</summary>
    public static bool Demands(string model) => model.Contains("gemini-3", StringComparison.OrdinalIgnoreCase);

    /// <summary>The two placeholders mean that there is no signature.</summary>
    public static string? Known(string signature) => signature is "" or Skip or SkipOther ? null : signature;

    /// <summary>
    /// Whether a sealed thought can be Gemini's: the field is bytes in base64, and OpenAI's sealed thoughts are
    /// known by their Fernet token's first byte. A foreign one would fail the whole request.
    /// </summary>
    public static bool CanBeOurs(string signature)
    {
        if (signature.Length == 0 || signature.StartsWith("gAAAA", StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var c in signature.AsSpan().TrimEnd('='))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/' or '-' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}
