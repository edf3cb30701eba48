namespace Quoin.Http;

/// <summary>Which pages of other origins may use the answers (cross-origin resource sharing, Fetch).</summary>
public sealed record CorsOptions
{
    /// <summary>
    /// Such as <c>https://app.example</c>, <c>https://*.example.com</c> for all names below one, or <c>*</c> for all
    /// origins. Empty: none.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Methods that pages may use.</summary>
    public IReadOnlyList<string> AllowedMethods { get; init; } = ["GET", "POST", "OPTIONS"];

    /// <summary>Request headers that pages may set; <c>*</c>: all.</summary>
    public IReadOnlyList<string> AllowedHeaders { get; init; } = ["Content-Type", "Authorization"];

    /// <summary>Response headers that pages may read, beside those that they always may.</summary>
    public IReadOnlyList<string> ExposedHeaders { get; init; } = [];

    /// <summary>Cookies and HTTP authentication may go with it. Not with the origin <c>*</c>.</summary>
    public bool Credentials { get; init; }

    /// <summary>How long browsers may remember a preflight's answer. 0..1 d.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(10);

    internal IEnumerable<string> Faults()
    {
        foreach (var origin in AllowedOrigins.Where(origin => !IsOrigin(origin)))
        {
            yield return
                $"Cors.AllowedOrigins: \"{origin}\"; accepted: https://app.example, https://*.example.com or *";
        }

        foreach (var name in AllowedMethods.Concat(AllowedHeaders).Concat(ExposedHeaders).Where(name => !IsToken(name)))
        {
            yield return $"Cors: \"{name}\"; accepted: names of methods and headers";
        }

        if (Credentials && AllowedOrigins.Contains("*"))
        {
            yield return "Cors.Credentials with the origin *; accepted: with origins by their names";
        }

        if (MaxAge < TimeSpan.Zero || MaxAge > TimeSpan.FromDays(1))
        {
            yield return $"Cors.MaxAge: {MaxAge}; accepted: 0..1 d";
        }
    }

    /// <summary>One wildcard at most, as the first label of a name that has two more.</summary>
    internal static bool IsOrigin(string text)
    {
        if (text == "*")
        {
            return true;
        }

        const string Wildcard = "://*.";
        var at = text.IndexOf(Wildcard, StringComparison.Ordinal);
        var plain = at < 0 ? text : text.Remove(at + 3, 2);
        return Uri.TryCreate(plain, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            && url.GetLeftPart(UriPartial.Authority).Equals(plain, StringComparison.OrdinalIgnoreCase)
            && url.UserInfo.Length == 0
            && (at < 0
                || (url.HostNameType == UriHostNameType.Dns && url.Host.Contains('.', StringComparison.Ordinal)));
    }

    internal static bool IsToken(string name) =>
        name.Length > 0 && name.All(character => char.IsAsciiLetterOrDigit(character)
            || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal));
}
