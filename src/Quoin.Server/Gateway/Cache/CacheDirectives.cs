using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Cache-Control of a request (RFC 9111 §5.2.1). Unknown directives and values that are no seconds are passed over, as
/// §5.2 demands.
/// </summary>
internal readonly record struct CacheDirectives
{
    /// <summary>Neither kept nor answered from what is kept.</summary>
    public bool NoStore { get; init; }

    /// <summary>Asked for anew; the new answer is kept.</summary>
    public bool NoCache { get; init; }

    /// <summary>Answered from what is kept, or 504.</summary>
    public bool OnlyIfCached { get; init; }

    /// <summary>The oldest that will do.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>How long it must stay fresh yet.</summary>
    public TimeSpan? MinFresh { get; init; }

    /// <summary>How long it may have been stale.</summary>
    public TimeSpan? MaxStale { get; init; }

    public static CacheDirectives Read(StringValues header)
    {
        var read = default(CacheDirectives);
        foreach (var line in header)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                read = read.With(line.AsSpan()[range].Trim());
            }
        }

        return read;
    }

    public bool Accept(CachedAnswer answer, DateTimeOffset now)
    {
        var age = now - answer.Created;

        // max-age=0 asks for a new answer, also in the moment after the last one.
        return (MaxAge is not { } oldest || (age <= oldest && oldest > TimeSpan.Zero))
            && now + (MinFresh ?? TimeSpan.Zero) < answer.Expires + (MaxStale ?? TimeSpan.Zero);
    }

    private CacheDirectives With(ReadOnlySpan<char> directive)
    {
        var equals = directive.IndexOf('=');
        var name = (equals < 0 ? directive : directive[..equals]).Trim();
        var seconds = equals < 0 ? null : Seconds(directive[(equals + 1)..].Trim().Trim('"'));
        return name switch
        {
            _ when Is(name, "no-store") => this with { NoStore = true },
            _ when Is(name, "no-cache") => this with { NoCache = true },
            _ when Is(name, "only-if-cached") => this with { OnlyIfCached = true },
            _ when Is(name, "max-age") => this with { MaxAge = seconds ?? MaxAge },
            _ when Is(name, "min-fresh") => this with { MinFresh = seconds ?? MinFresh },

            // Without a value any staleness will do.
            _ when Is(name, "max-stale") => this with { MaxStale = equals < 0 ? TimeSpan.FromDays(36500) : seconds },
            _ => this,
        };
    }

    private static bool Is(ReadOnlySpan<char> name, string directive) =>
        name.Equals(directive, StringComparison.OrdinalIgnoreCase);

    private static TimeSpan? Seconds(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
