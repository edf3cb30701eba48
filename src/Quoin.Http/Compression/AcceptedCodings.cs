using System.Runtime.InteropServices;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Compression;

/// <summary>
/// What a client's Accept-Encoding says (RFC 9110 §12.5.3). A coding that is not named has the weight of <c>*</c>;
/// identity is accepted unless it, or <c>*</c> in its place, has the weight 0. What cannot be read is as if it were
/// not there.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct AcceptedCodings
{
    private const double Unnamed = -1;
    private readonly double _brotli;
    private readonly double _gzip;
    private readonly double _identity;

    private AcceptedCodings(double brotli, double gzip, double identity) =>
        (_brotli, _gzip, _identity, RefusesIdentity) = (brotli, gzip, identity, identity == 0);

    /// <summary>The answer must be coded, however short it is.</summary>
    public bool RefusesIdentity { get; }

    public static AcceptedCodings Parse(StringValues acceptEncoding)
    {
        if (acceptEncoding.Count == 0
            || !StringWithQualityHeaderValue.TryParseList(acceptEncoding, out var named)
            || named.Count > HttpLimits.AcceptedCodings)
        {
            return default;
        }

        double brotli = Unnamed, gzip = Unnamed, identity = Unnamed, any = Unnamed;
        foreach (var coding in named)
        {
            var weight = coding.Quality ?? 1;
            if (Is(coding, "br"))
            {
                brotli = weight;
            }
            else if (Is(coding, "gzip") || Is(coding, "x-gzip"))
            {
                gzip = weight;
            }
            else if (Is(coding, "identity"))
            {
                identity = weight;
            }
            else if (Is(coding, "*"))
            {
                any = weight;
            }
        }

        return new(
            brotli == Unnamed ? Math.Max(any, 0) : brotli,
            gzip == Unnamed ? Math.Max(any, 0) : gzip,
            identity == Unnamed && any == 0 ? 0 : identity);
    }

    /// <summary>The best of those that are offered, the first of equals; null: identity is better.</summary>
    public string? Choose(IReadOnlyList<string> offered)
    {
        string? best = null;
        var most = 0.0;
        foreach (var coding in offered)
        {
            if (WeightOf(coding) > most)
            {
                (best, most) = (coding, WeightOf(coding));
            }
        }

        return _identity > most ? null : best;
    }

    public double WeightOf(string coding) => coding switch
    {
        "br" => _brotli,
        "gzip" => _gzip,
        _ => 0,
    };

    private static bool Is(StringWithQualityHeaderValue coding, string name) =>
        coding.Value.Equals(name, StringComparison.OrdinalIgnoreCase);
}
