namespace Quoin.Server.Telemetry;

/// <summary>
/// The id of a request: the client's own where it is fit to be logged and sent back, else 26 characters of
/// Crockford's base 32 that sort by time: 48 bits of Unix milliseconds, 80 random bits.
/// </summary>
internal static class RequestId
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <param name="fromClient">The X-Request-ID header; null or several values joined are not kept.</param>
    public static string Choose(string? fromClient, IdSource ids, TimeProvider time) =>
        IsFit(fromClient) ? fromClient! : New(ids, time);

    /// <summary>1 to 128 characters of printable ASCII without space.</summary>
    public static bool IsFit(string? id) =>
        id is { Length: > 0 and <= TelemetryLimits.RequestIdChars } && !id.AsSpan().ContainsAnyExceptInRange('!', '~');

    public static string New(IdSource ids, TimeProvider time)
    {
        var milliseconds = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        return string.Create(26, (milliseconds, High: ids.Next(), Low: ids.Next()), static (text, state) =>
        {
            // 10 digits of time and twice 8 of 40 random bits.
            Write(text[..10], state.milliseconds);
            Write(text[10..18], state.High);
            Write(text[18..], state.Low);
        });
    }

    private static void Write(Span<char> digits, ulong value)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = Digits[(int)(value & 31)];
            value >>= 5;
        }
    }
}
