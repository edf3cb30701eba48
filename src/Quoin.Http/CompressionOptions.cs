using System.Globalization;

namespace Quoin.Http;

/// <summary>Which answers are compressed for clients that accept it (RFC 9110 §8.4, §12.5.3).</summary>
public sealed record CompressionOptions
{
    /// <summary>
    /// Bytes from which an answer is compressed: below them the headers cost more than is won, and one packet holds
    /// the answer either way. 0..65536, for so much of an answer of unknown length is held back.
    /// </summary>
    public int MinSize { get; init; } = 1000;

    /// <summary>1 (fast) to 9 (small): gzip's; up to 6, br takes 4 at most, above which it is slow.</summary>
    public int Level { get; init; } = 6;

    /// <summary><c>br</c> and <c>gzip</c>, the one first that is taken where a client has no preference.</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = ["br", "gzip"];

    /// <summary>
    /// Media types, without parameters; <c>*</c> may stand in the place of the beginning or the end. Streams of events
    /// are never compressed.
    /// </summary>
    public IReadOnlyList<string> MediaTypes { get; init; } =
    [
        "text/*", "application/json", "*+json", "application/javascript", "application/xml", "*+xml",
        "application/wasm", "application/manifest+json", "font/ttf", "font/otf", "image/bmp", "image/x-icon",
        "image/vnd.microsoft.icon",
    ];

    /// <summary>
    /// True: over TLS also answers to requests with credentials that a browser sends of its own accord (cookies,
    /// <c>Authorization</c> but Bearer) are compressed. Where such an answer holds a secret beside something from the
    /// request, its compressed length gives the secret away bit by bit (BREACH).
    /// </summary>
    public bool WithCredentials { get; init; }

    internal IEnumerable<string> Faults()
    {
        if (MinSize is < 0 or > HttpLimits.HeldBeforeCompressionBytes)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Compression.MinSize: {MinSize}; accepted: 0..{HttpLimits.HeldBeforeCompressionBytes}");
        }

        if (Level is < 1 or > 9)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Compression.Level: {Level}; accepted: 1..9");
        }

        if (Algorithms.Count == 0 || Algorithms.Distinct(StringComparer.Ordinal).Count() != Algorithms.Count
            || Algorithms.Any(algorithm => algorithm is not ("br" or "gzip")))
        {
            yield return $"Compression.Algorithms: {string.Join(", ", Algorithms)}; accepted: br, gzip, each once";
        }

        foreach (var type in MediaTypes.Where(type => !type.Contains('*', StringComparison.Ordinal)
            ? !type.Contains('/', StringComparison.Ordinal)
            : type.Length < 2 || type.Trim('*').Contains('*', StringComparison.Ordinal)))
        {
            yield return $"Compression.MediaTypes: \"{type}\"; accepted: such as text/* and application/json";
        }
    }
}
