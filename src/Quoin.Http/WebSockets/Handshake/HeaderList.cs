using Microsoft.Extensions.Primitives;

namespace Quoin.Http.WebSockets.Handshake;

/// <summary>A header that is a list of names (RFC 9110 §5.6.1), in one line or several.</summary>
internal static class HeaderList
{
    public static string[] Of(StringValues values) => values.ToString()
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
