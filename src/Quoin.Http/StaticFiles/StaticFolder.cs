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
    private readonly HeldFiles _held;
    private readonly FileExtensionContentTypeProvider _types = new();

    private StaticFolder(FileTree files, StaticOptions options)
    {
        (_files, _options, _held) = (files, options, new HeldFiles(options));
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
                : options.HoldFor < TimeSpan.Zero || options.HoldFor > TimeSpan.FromHours(1)
                    ? $"HoldFor: {options.HoldFor}; accepted: 0..1 h"
                    : null;

    /// <param name="prefix">The path in front of the files' own.</param>
    /// <exception cref="ArgumentException">The prefix is no path, or an option is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static StaticFolder Open(string prefix, string root, StaticOptions options) =>
        Fault(prefix, options) is { } fault ? throw new ArgumentException(fault, nameof(prefix))
        : FileTree.Open(root) is { } files ? new StaticFolder(files, options)
        : throw new DirectoryNotFoundException($"{Path.GetFullPath(root)}: no such folder");

    /// <summary>Answers GET and HEAD; false, and nothing done, where there is no such file.</summary>
    /// <param name="path">Below the folder, without a slash in front.</param>
    public async Task<bool> TryServeAsync(HttpContext context, string path)
    {
        if (_held.FindFresh(path) is { } fresh && fresh.Find(Choose(context, fresh.Codings)) is { } held)
        {
            await SendAsync(context, fresh.Name, held, fresh.Codings.Count > 0);
            return true;
        }

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
        var siblings = FindSiblings(path, file);
        var coding = Choose(context, [.. siblings.Keys]);
        var found = coding is null ? file : siblings[coding];
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
            if (_held.Takes(content.Length) && path.Length > 0 && !path.EndsWith('/'))
            {
                var variant = await HoldAsync(path, file, siblings, coding, content, context.RequestAborted);
                await SendAsync(context, file.Name, variant, siblings.Count > 0);
                return true;
            }

            // Of what was opened, whatever has come to its name since.
            var changed = ChangedAt(content);
            Announce(context, file.Name, coding, siblings.Count > 0);
            await Results.Stream(
                content, TypeOf(file.Name), lastModified: changed, entityTag: TagOf(content.Length, changed, coding),
                enableRangeProcessing: true).ExecuteAsync(context);
        }

        return true;
    }

    private Task SendAsync(HttpContext context, string name, HeldVariant variant, bool hasSibling)
    {
        Announce(context, name, variant.Coding, hasSibling);
        return AsksForAll(context.Request.Headers)
            ? SendWholeAsync(context, TypeOf(name), variant)
            : Results.Bytes(
                variant.Bytes, TypeOf(name), lastModified: variant.Changed, entityTag: variant.Tag,
                enableRangeProcessing: true).ExecuteAsync(context);
    }

    /// <summary>
    /// What the file result does where there is nothing to decide. Without the request's token, which would have to be
    /// made for it: a client that goes ends the writing anyway.
    /// </summary>
    private static Task SendWholeAsync(HttpContext context, string type, HeldVariant variant)
    {
        var response = context.Response;
        response.ContentType = type;
        response.ContentLength = variant.Bytes.Length;
        response.Headers.ETag = variant.TagText;
        response.Headers.LastModified = variant.ChangedText;
        response.Headers.AcceptRanges = "bytes";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(variant.Bytes, CancellationToken.None).AsTask();
    }

    private static bool AsksForAll(IHeaderDictionary headers) =>
        headers.Range.Count == 0 && headers.IfNoneMatch.Count == 0 && headers.IfMatch.Count == 0
        && headers.IfModifiedSince.Count == 0 && headers.IfUnmodifiedSince.Count == 0;

    private void Announce(HttpContext context, string name, string? coding, bool hasSibling)
    {
        DropWhatIsOverruled(context.Request);
        var headers = context.Response.Headers;
        headers.CacheControl = CacheControlOf(name);
        headers.XContentTypeOptions = "nosniff";
        if (coding is not null)
        {
            headers.ContentEncoding = coding;
        }

        if (hasSibling)
        {
            headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }
    }

    /// <summary>Reads the file, unless it is in memory as it was; what else of it is as it was stays there.</summary>
    private async Task<HeldVariant> HoldAsync(
        string path, FileInfo file, Dictionary<string, FileInfo> siblings, string? coding, FileStream content,
        CancellationToken cancellationToken)
    {
        var looked = _options.Time.GetTimestamp();
        var changed = ChangedAt(content);
        var known = _held.Find(path)?.Variants ?? [];
        var variant = known.FirstOrDefault(held =>
            held.Coding == coding && held.Changed == changed && held.Bytes.Length == content.Length);
        if (variant is null)
        {
            var bytes = new byte[content.Length];
            var length = await content.ReadAtLeastAsync(
                bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            bytes = length == bytes.Length ? bytes : bytes[..length];
            variant = new HeldVariant(coding, bytes, changed, TagOf(bytes.Length, changed, coding));
        }

        var others = known.Where(held => held.Coding != coding
            && held.IsStill(held.Coding is null ? file : siblings.GetValueOrDefault(held.Coding)));
        _held.Put(path, new HeldFile(file.Name, [.. siblings.Keys], [variant, .. others], looked));
        return variant;
    }

    private Dictionary<string, FileInfo> FindSiblings(string path, FileInfo file)
    {
        var found = new Dictionary<string, FileInfo>(StringComparer.Ordinal);
        foreach (var (coding, extension) in _options.Precompressed ? Siblings : [])
        {
            if (_files.Find(path + extension, out _) is { } sibling
                && sibling.LastWriteTimeUtc >= file.LastWriteTimeUtc)
            {
                found.Add(coding, sibling);
            }
        }

        return found;
    }

    private static string? Choose(HttpContext context, IReadOnlyList<string> codings) => codings.Count == 0
        ? null
        : AcceptedCodings.Parse(context.Request.Headers.AcceptEncoding).Choose([.. codings]);

    private static DateTimeOffset ChangedAt(FileStream content) =>
        new(File.GetLastWriteTimeUtc(content.SafeFileHandle), TimeSpan.Zero);

    /// <summary>
    /// Dates count only where there are no tags (RFC 9110 §13.1.3, §13.1.4); the file result would let a date that
    /// differs undo a tag that is the same.
    /// </summary>
    private static void DropWhatIsOverruled(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.IfNoneMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfModifiedSince);
        }

        if (headers.IfMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfUnmodifiedSince);
        }

        if (headers.Range.Count > 0 && (HttpMethods.IsHead(request.Method)
            || !headers.Range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)))
        {
            // Of HEAD, and in a unit that is not known, it is no range (RFC 9110 §14.2); for the file result it is.
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
