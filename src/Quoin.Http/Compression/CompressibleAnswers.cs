using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Compression;

/// <summary>Tells by its headers whether an answer may be compressed.</summary>
internal sealed class CompressibleAnswers
{
    private static readonly string[] Streams =
        ["text/event-stream", "application/x-ndjson", "application/json-seq", "multipart/x-mixed-replace"];

    private readonly HashSet<string> _types = new(StringComparer.OrdinalIgnoreCase);
    private readonly string[] _beginnings;
    private readonly string[] _ends;
    private readonly int _minSize;
    private Judged? _last;

    public CompressibleAnswers(CompressionOptions options)
    {
        _minSize = options.MinSize;
        _types.UnionWith(options.MediaTypes.Where(type => !type.Contains('*', StringComparison.Ordinal)));
        _beginnings = [.. options.MediaTypes.Where(type => type.EndsWith('*')).Select(type => type[..^1])];
        _ends = [.. options.MediaTypes.Where(type => type.StartsWith('*')).Select(type => type[1..])];
    }

    /// <summary>One of unknown length may be.</summary>
    /// <param name="identityRefused">The client takes it in no other way.</param>
    public bool Contains(HttpResponse response, bool identityRefused = false)
    {
        var headers = response.Headers;
        return HasBody(response.StatusCode)
            && (identityRefused || headers.ContentLength is not { } length || length >= _minSize)
            && headers.ContentEncoding.Count == 0
            && headers.ContentRange.Count == 0
            && !headers.ContainsKey("Content-Digest") && !headers.ContainsKey("Repr-Digest")
            && !headers.ContainsKey(HeaderNames.ContentMD5)
            && HasType(headers.ContentType.ToString())
            && !IsNoTransform(headers.CacheControl.ToString());
    }

    private static bool HasBody(int status) =>
        status is >= StatusCodes.Status200OK and not (StatusCodes.Status204NoContent
            or StatusCodes.Status205ResetContent or StatusCodes.Status206PartialContent
            or StatusCodes.Status304NotModified);

    /// <summary>Most answers of an application have one type, and the same text for it.</summary>
    private bool HasType(string contentType)
    {
        var last = _last;
        if (!ReferenceEquals(last?.ContentType, contentType))
        {
            _last = last = new Judged(contentType, IsCompressible(contentType));
        }

        return last!.IsCompressible;
    }

    private bool IsCompressible(string contentType)
    {
        var type = contentType.AsSpan();
        var end = type.IndexOf(';');
        type = (end < 0 ? type : type[..end]).Trim();
        if (type.IsEmpty || Has(Streams, type, ends: false, whole: true))
        {
            return false;
        }

        return _types.GetAlternateLookup<ReadOnlySpan<char>>().Contains(type)
            || Has(_beginnings, type, ends: false) || Has(_ends, type, ends: true);
    }

    private static bool Has(string[] parts, ReadOnlySpan<char> type, bool ends, bool whole = false)
    {
        foreach (var part in parts)
        {
            if (whole ? type.Equals(part, StringComparison.OrdinalIgnoreCase)
                : ends ? type.EndsWith(part, StringComparison.OrdinalIgnoreCase)
                : type.StartsWith(part, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNoTransform(string cacheControl) =>
        cacheControl.Contains("no-transform", StringComparison.OrdinalIgnoreCase);

    private sealed record Judged(string ContentType, bool IsCompressible);
}
