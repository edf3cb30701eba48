using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>
/// The header's value (draft-ietf-httpapi-idempotency-key-header): a quoted string of RFC 8941, or the bare text that
/// most clients send; both spellings of a text are the same key.
/// </summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>Long enough for any identifier, short enough to keep thousands.</summary>
    private const int MaxChars = 255;

    public static bool TryRead(StringValues values, out string key)
    {
        key = values.Count == 1 ? values[0] ?? "" : "";
        if (key.StartsWith('"'))
        {
            if (key.Length < 2 || !key.EndsWith('"'))
            {
                return false;
            }

            key = key[1..^1];
            if (key.Contains('"', StringComparison.Ordinal) || key.Contains('\\', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return key.Length is > 0 and <= MaxChars && !key.AsSpan().ContainsAnyExceptInRange('!', '~');
    }
}

/// <summary>Whose key it is, and for what: the same text elsewhere is another key.</summary>
internal sealed record IdempotencyName(string Tenant, string Path, string Key);
