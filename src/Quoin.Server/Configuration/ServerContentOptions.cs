namespace Quoin.Server.Configuration;

/// <summary>Compression of answers (<c>server.compression</c>); streams of events never are.</summary>
public sealed record ServerCompressionOptions
{
    // The same object in every record, which compares lists as objects.
    private static readonly IReadOnlyList<string> DefaultAlgorithms = ["br", "gzip"];

    /// <summary>Answers are compressed for clients that accept it.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Bytes from which an answer is worth it. 0..64KB.</summary>
    [Setting(Size = true, Min = 0, Max = 65536)]
    public int MinSize { get; init; } = 1000;

    /// <summary>1 (fast) to 9 (small).</summary>
    [Setting(Min = 1, Max = 9)]
    public int Level { get; init; } = 6;

    /// <summary>Codings, the one first that is taken where a client has no preference.</summary>
    [Setting(Choices = ["br", "gzip"])]
    public IReadOnlyList<string> Algorithms { get; init; } = DefaultAlgorithms;

    /// <summary>
    /// Over TLS also answers to requests with cookies or HTTP authentication but Bearer, whose length could give a
    /// secret away (BREACH).
    /// </summary>
    public bool WithCredentials { get; init; }
}

/// <summary>Files that are served (<c>server.static</c>).</summary>
public sealed record ServerStaticOptions
{
    /// <summary>
    /// The folder, which must be there; relative paths begin at the configuration file. None: no files.
    /// </summary>
    [Setting(Path = true)]
    public string? Root { get; init; }

    /// <summary>The path in front of the files' own.</summary>
    public string Prefix { get; init; } = "/static";

    /// <summary>
    /// Seconds for which browsers need not ask again; 0: they ask each time. Names with a fingerprint
    /// (<c>app.3f9c2b1a.js</c>) are kept for a year. 0..31536000.
    /// </summary>
    [Setting(Min = 0, Max = 31536000)]
    public int MaxAge { get; init; } = 86400;
}

/// <summary>Cross-origin resource sharing (<c>server.cors</c>).</summary>
public sealed record ServerCorsOptions
{
    private static readonly IReadOnlyList<string> DefaultMethods = ["GET", "POST", "OPTIONS"];
    private static readonly IReadOnlyList<string> DefaultHeaders = ["Content-Type", "Authorization"];

    /// <summary>
    /// Such as <c>https://app.example</c>, <c>https://*.example.com</c> for all names below one, or <c>*</c>. None:
    /// no page of another origin may read answers.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Methods that pages may use.</summary>
    public IReadOnlyList<string> AllowedMethods { get; init; } = DefaultMethods;

    /// <summary>Request headers that pages may set; <c>*</c>: all.</summary>
    public IReadOnlyList<string> AllowedHeaders { get; init; } = DefaultHeaders;

    /// <summary>Response headers that pages may read, beside those that they always may.</summary>
    public IReadOnlyList<string> ExposedHeaders { get; init; } = [];

    /// <summary>Cookies may go with requests. Not with the origin <c>*</c>.</summary>
    public bool Credentials { get; init; }

    /// <summary>How long browsers may remember what was allowed. 0..24h.</summary>
    [Setting(Min = 0, Max = 86400)]
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary><c>Strict-Transport-Security</c> (<c>server.hsts</c>), sent over TLS only.</summary>
public sealed record ServerHstsOptions
{
    /// <summary>It is sent.</summary>
    public bool Enabled { get; init; }

    /// <summary>How long browsers use TLS only; 0: they forget it. 0..17520h.</summary>
    [Setting(Min = 0, Max = 63072000)]
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    /// <summary>For all names below this one too.</summary>
    public bool IncludeSubdomains { get; init; }

    /// <summary>Asks for a place in the lists that browsers come with: hard to take back.</summary>
    public bool Preload { get; init; }
}

/// <summary>Headers by which browsers guard pages (<c>server.security_headers</c>).</summary>
public sealed record ServerSecurityHeaderOptions
{
    /// <summary>They are sent, and <c>X-Content-Type-Options: nosniff</c> with them.</summary>
    public bool Enabled { get; init; }

    /// <summary><c>Referrer-Policy</c>; empty: not sent.</summary>
    public string ReferrerPolicy { get; init; } = "strict-origin-when-cross-origin";

    /// <summary><c>X-Frame-Options</c>; empty: not sent.</summary>
    [Setting(Choices = ["DENY", "SAMEORIGIN", ""])]
    public string FrameOptions { get; init; } = "DENY";

    /// <summary><c>Content-Security-Policy</c>; empty: not sent.</summary>
    public string ContentSecurityPolicy { get; init; } = "frame-ancestors 'none'";
}
