namespace Quoin.Http;

/// <summary>How files of a folder are served (<see cref="HttpApp.Static"/>).</summary>
public sealed record StaticOptions
{
    /// <summary>
    /// How long clients may use a file without asking again (<c>Cache-Control: max-age</c>); zero: they ask each time
    /// (<c>no-cache</c>), and get 304. 0..365 d.
    /// </summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// True: names with a fingerprint of their content (8 or more hexadecimal digits, letters and numerals among them,
    /// between dots or hyphens: <c>app.3f9c2b1a.js</c>) are kept for a year and not asked for again (RFC 8246).
    /// </summary>
    public bool Immutable { get; init; } = true;

    /// <summary>What a folder is answered with; null: nothing, 404. Folders are never listed.</summary>
    public string? Index { get; init; } = "index.html";

    /// <summary>
    /// True: <c>app.js.br</c> and <c>app.js.gz</c> beside <c>app.js</c>, unless older than it, go out in its place to
    /// clients that accept the coding.
    /// </summary>
    public bool Precompressed { get; init; } = true;

    /// <summary>
    /// How long a file that was found is served from memory, up to 2 MB of each and 64 MB of all, before the disk is
    /// asked again whether it has changed; zero: each time, and nothing is kept. 0..1 h.
    /// </summary>
    public TimeSpan HoldFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The clock of <see cref="HoldFor"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Media types by extension, such as <c>.gltf</c>, beside and before the usual ones.</summary>
    public IReadOnlyDictionary<string, string> MediaTypes { get; init; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
}
