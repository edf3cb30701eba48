namespace Quoin.Http.Benchmarking;

/// <summary>What may stand in headers that a user gives (RFC 9110 §5.5, §5.6.2).</summary>
internal static class HeaderText
{
    public static bool IsTokenCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);

    public static bool IsValueCharacter(char c) => c is '\t' or (>= ' ' and < '\x7f');

    /// <summary>The client writes them itself; another one's would make two of what must be one.</summary>
    public static bool IsFraming(string name) => name.ToUpperInvariant() is
        "CONTENT-LENGTH" or "TRANSFER-ENCODING" or "CONNECTION" or "UPGRADE" or "EXPECT" or "TE" or "TRAILER";
}
