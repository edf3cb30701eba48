using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Quoin.Http.Compression;

namespace Quoin.Http.StaticFiles;

/// <summary>
/// Serves the files of a folder. Conditions and ranges are ASP.NET Core's file result's, with the tag of this class;
/// its static files middleware would take the tag from whole seconds, follow links out of the folder and open pipes.
/// <list type="bullet">
/// <item>The ETag is length and time of change to 100 ns: it costs no reading, and needs no memory. A hash of the
/// content would be the same on every node whatever the times, but reads each file once more.</item>
/// <item>A precompressed sibling has a tag of its own, for its bytes are others.</item>
/// <item>Several ranges are answered with the whole file, as RFC 9110 §14.2 lets a server do.</item>
/// </list>
/// </summary>
internal sealed class StaticFolder
{
    private const int Year = 31_536_000;
    private const int FingerprintDigits = 8;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");
    private static readonly SearchValues<char> NoPrefix = SearchValues.Create("{}*%?#\\ ");
    private static readonly (string Coding, string Extension)[] Siblings = [("br", ".br"), ("gzip", ".gz")];

    private readonly FileTree _files;
    private readonly StaticOptions _options;
    private readonly FileExtensionContentTypeProvider _types = new();

    private StaticFolder(FileTree files, StaticOptions options)
    {
        (_files, _options) = (files, options);
        foreach (var (extension, type) in options.MediaTypes)
        {
            _types.Mappings[extension] = type;
        }
    }

    /// <summary>What is wrong, or null.</summary>
    public static string? Fault(string prefix, StaticOptions options) =>
        !prefix.StartsWith('/') || prefix.AsSpan().ContainsAny(NoPrefix)
            || prefix.Contains("//", StringComparison.Ordinal)
            ? $"\"{prefix}\"; accepted: a path such as /assets"
            : options.MaxAge < TimeSpan.Zero || options.MaxAge > TimeSpan.FromDays(365)
                ? $"MaxAge: {options.MaxAge}; accepted: 0..365 d"
                : null;

    /// <summary>Null: there is no such folder.</summary>
    public static StaticFolder? Open(string root, StaticOptions options) =>
        FileTree.Open(root) is { } files ? new StaticFolder(files, options) : null;

    /// <summary>Answers GET and HEAD; false, and nothing done, where there is no such file.</summary>
    /// <param name="path">Below the folder, without a slash in front.</param>
    public async Task<bool> TryServeAsync(HttpContext context, string path)
    {
        var isFolderPath = context.Request.Path.Value!.EndsWith('/');
        var file = _files.Find(path.EndsWith('/') ? path[..^1] : path, out var isFolder);
        if (isFolder && _options.Index is { } index)
        {
            path = path.Length == 0 || path.EndsWith('/') ? path + index : $"{path}/{index}";
            file = _files.Find(path, out _);
            if (file is not null && !isFolderPath)
            {
                // Links of the page are relative to the folder.
                context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
                context.Response.Headers.Location = context.Request.PathBase.Add(context.Request.Path)
                    .ToUriComponent() + "/" + context.Request.QueryString;
                return true;
            }
        }
        else if (isFolderPath)
        {
            return false;
        }

        return file is not null && await ServeAsync(context, path, file);
    }

    private async Task<bool> ServeAsync(HttpContext context, string path, FileInfo file)
    {
        var (coding, found) = Choose(context, path, file, out var hasSibling);
        FileStream content;
        try
        {
            content = new FileStream(
                found.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
                bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        await using (content)
        {
            DropWhatIsOverruled(context.Request.Headers);
            var headers = context.Response.Headers;
            headers.CacheControl = CacheControlOf(file.Name);
            headers.XContentTypeOptions = "nosniff";
            if (coding is not null)
            {
                headers.ContentEncoding = coding;
            }

            if (hasSibling)
            {
                headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
            }

            // Of what was opened, whatever has come to its name since.
            var changed = new DateTimeOffset(File.GetLastWriteTimeUtc(content.SafeFileHandle), TimeSpan.Zero);
            var result = Results.Stream(
                content, TypeOf(file.Name), lastModified: changed, entityTag: TagOf(content.Length, changed, coding),
                enableRangeProcessing: true);
            await result.ExecuteAsync(context);
        }

        return true;
    }

    private (string? Coding, FileInfo File) Choose(
        HttpContext context, string path, FileInfo file, out bool hasSibling)
    {
        hasSibling = false;
        if (!_options.Precompressed)
        {
            return (null, file);
        }

        var found = new Dictionary<string, FileInfo>(StringComparer.Ordinal);
        foreach (var (coding, extension) in Siblings)
        {
            if (_files.Find(path + extension, out _) is { } sibling
                && sibling.LastWriteTimeUtc >= file.LastWriteTimeUtc)
            {
                found.Add(coding, sibling);
            }
        }

        hasSibling = found.Count > 0;
        return hasSibling
            && AcceptedCodings.Parse(context.Request.Headers.AcceptEncoding).Choose([.. found.Keys]) is { } chosen
                ? (chosen, found[chosen])
                : (null, file);
    }

    /// <summary>
    /// Dates count only where there are no tags (RFC 9110 §13.1.3, §13.1.4); the file result would let a date that
    /// differs undo a tag that is the same.
    /// </summary>
    private static void DropWhatIsOverruled(IHeaderDictionary headers)
    {
        if (headers.IfNoneMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfModifiedSince);
        }

        if (headers.IfMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfUnmodifiedSince);
        }

        if (headers.Range.Count > 0
            && !headers.Range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            // A unit that is not known is no range (RFC 9110 §14.2); the file result would take it for bytes.
            headers.Remove(HeaderNames.Range);
        }
    }

    private static EntityTagHeaderValue TagOf(long length, DateTimeOffset changed, string? coding) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"\"{length:x}-{changed.Ticks:x}{(coding is null ? "" : "-")}{coding}\""));

    private string CacheControlOf(string name)
    {
        if (_options.Immutable && HasFingerprint(name))
        {
            return string.Create(CultureInfo.InvariantCulture, $"public, max-age={Year}, immutable");
        }

        return _options.MaxAge > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={(long)_options.MaxAge.TotalSeconds}")
            : "no-cache";
    }

    /// <summary>A date has numerals only, a word letters only.</summary>
    private static bool HasFingerprint(string name)
    {
        var extension = name.LastIndexOf('.');
        foreach (var range in name.AsSpan(0, Math.Max(extension, 0)).SplitAny('.', '-'))
        {
            var part = name.AsSpan()[range];
            if (part.Length >= FingerprintDigits && !part.ContainsAnyExcept(HexDigits)
                && part.ContainsAnyInRange('0', '9') && part.ContainsAnyExceptInRange('0', '9'))
            {
                return true;
            }
        }

        return false;
    }

    private string TypeOf(string name)
    {
        if (!_types.TryGetContentType(name, out var type))
        {
            return "application/octet-stream";
        }

        var isText = type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/javascript", StringComparison.OrdinalIgnoreCase);
        return isText && !type.Contains(';', StringComparison.Ordinal) ? type + "; charset=utf-8" : type;
    }
}
