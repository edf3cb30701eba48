namespace Quoin.Http;

/// <summary>Headers by which browsers guard a page. A handler that sets one itself keeps its own.</summary>
public sealed record SecurityHeaderOptions
{
    /// <summary><c>X-Content-Type-Options: nosniff</c>: nothing is run as a script that is not called one.</summary>
    public bool NoSniff { get; init; } = true;

    /// <summary><c>Referrer-Policy</c>; empty: not sent.</summary>
    public string ReferrerPolicy { get; init; } = "strict-origin-when-cross-origin";

    /// <summary><c>X-Frame-Options</c>: DENY, SAMEORIGIN, or empty: not sent.</summary>
    public string FrameOptions { get; init; } = "DENY";

    /// <summary>
    /// <c>Content-Security-Policy</c>. The default says what X-Frame-Options does to browsers that know more. Empty:
    /// not sent.
    /// </summary>
    public string ContentSecurityPolicy { get; init; } = "frame-ancestors 'none'";

    internal IEnumerable<string> Faults()
    {
        if (FrameOptions is not ("DENY" or "SAMEORIGIN" or ""))
        {
            yield return $"SecurityHeaders.FrameOptions: \"{FrameOptions}\"; accepted: DENY, SAMEORIGIN or empty";
        }

        foreach (var value in (string[])[ReferrerPolicy, ContentSecurityPolicy])
        {
            if (value.Any(character => character is < ' ' or > '~'))
            {
                yield return "SecurityHeaders: a value has characters that no header has; accepted: printable ASCII";
            }
        }
    }
}

/// <summary>
/// <c>Strict-Transport-Security</c> (RFC 6797): browsers use TLS only, for so long, whatever links say. Sent over TLS
/// only, also where a trusted proxy ended it.
/// </summary>
public sealed record HstsOptions
{
    /// <summary>How long browsers remember it; zero: they forget it. 0..730 d.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    /// <summary>For all names below this one too.</summary>
    public bool IncludeSubdomains { get; init; }

    /// <summary>Asks for a place in the lists that browsers come with: hard to take back.</summary>
    public bool Preload { get; init; }

    internal IEnumerable<string> Faults()
    {
        if (MaxAge < TimeSpan.Zero || MaxAge > TimeSpan.FromDays(730))
        {
            yield return $"Hsts.MaxAge: {MaxAge}; accepted: 0..730 d";
        }

        if (Preload && (!IncludeSubdomains || MaxAge < TimeSpan.FromDays(365)))
        {
            yield return "Hsts.Preload; accepted: with IncludeSubdomains and a MaxAge of 365 d or more";
        }
    }
}
