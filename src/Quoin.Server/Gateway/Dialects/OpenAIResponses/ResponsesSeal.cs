namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Tells whose a sealed thought is. Inside the gateway, encrypted_content of a reasoning item is the signature
/// <c>openai:ITEM_ID:CONTENT</c>; the id goes along because OpenAI checks that content against it. Another
/// provider's signature travels through a Responses client as <c>quoin-signed:SIGNATURE</c> or, where the thought
/// is nothing else, <c>quoin-redacted:SIGNATURE</c>, and only those of the first kind go back to OpenAI. The
/// signature of a tool call (Gemini's) has no place in a function_call item; it follows in a reasoning item of its
/// own as <c>quoin-call:CALL_ID:SIGNATURE</c>, the id percent-encoded.
/// </summary>
internal static class ResponsesSeal
{
    private const string Own = "openai:";
    private const string Signed = "quoin-signed:";
    private const string Redacted = "quoin-redacted:";
    private const string Call = "quoin-call:";

    /// <summary>encrypted_content as a signature of the conversation.</summary>
    /// <param name="empty">The reasoning item has no text.</param>
    public static (string Signature, bool Redacted) Read(string? itemId, string content, bool empty)
    {
        if (content.StartsWith(Signed, StringComparison.Ordinal))
        {
            return (content[Signed.Length..], false);
        }

        if (content.StartsWith(Redacted, StringComparison.Ordinal))
        {
            return (content[Redacted.Length..], true);
        }

        var id = itemId?.Contains(':', StringComparison.Ordinal) == true ? "" : itemId;
        return ($"{Own}{id}:{content}", empty);
    }

    /// <summary>The signature as encrypted_content for a client, and the id its reasoning item must have.</summary>
    public static (string Content, string? ItemId) Write(string signature, bool redacted) =>
        TryOpen(signature, out var content, out var itemId)
            ? (content, itemId)
            : ((redacted ? Redacted : Signed) + signature, null);

    /// <summary>False when the signature is not one that this dialect read from an answer.</summary>
    public static bool TryOpen(string signature, out string content, out string? itemId)
    {
        (content, itemId) = ("", null);
        if (!signature.StartsWith(Own, StringComparison.Ordinal))
        {
            return false;
        }

        var colon = signature.IndexOf(':', Own.Length);
        if (colon < 0)
        {
            return false;
        }

        content = signature[(colon + 1)..];
        itemId = colon > Own.Length ? signature[Own.Length..colon] : null;
        return true;
    }

    public static string WriteCall(string callId, string signature) =>
        Call + Uri.EscapeDataString(callId) + ":" + signature;

    public static bool TryReadCall(string content, out string callId, out string signature)
    {
        (callId, signature) = ("", "");
        var colon = content.StartsWith(Call, StringComparison.Ordinal) ? content.IndexOf(':', Call.Length) : -1;
        if (colon < 0)
        {
            return false;
        }

        callId = Uri.UnescapeDataString(content[Call.Length..colon]);
        signature = content[(colon + 1)..];
        return true;
    }
}
