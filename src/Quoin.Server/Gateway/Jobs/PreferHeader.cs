using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>The Prefer header (RFC 7240): preferences, separated by commas, with values and parameters.</summary>
internal static class PreferHeader
{
    public const string RespondAsync = "respond-async";

    public static bool AsksToRespondAsync(StringValues values)
    {
        foreach (var value in values)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var preference = value.AsSpan(range);
                var end = preference.IndexOfAny(';', '=');
                if ((end < 0 ? preference : preference[..end]).Trim().Equals(
                    RespondAsync, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
