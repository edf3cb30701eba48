using Microsoft.Extensions.Logging;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Answers in files, one each, named by the key, in 256 folders. An index in memory decides what is kept, as in
/// <see cref="MemoryStore"/>, and is made anew from the files at the start. A file is written under another name and
/// renamed, and has a checksum: one that a crash cut in two is no entry. What cannot be written is not kept; a full
/// disk fails no request.
/// </summary>
internal sealed partial class FileStore : AnswerStore
{
    private const string Extension = ".answer";
    private const string TemporaryExtension = ".part";

    private readonly Lock _lock = new();
    private readonly TinyLfu<Place> _index;
    private readonly List<CacheKey> _evicted = [];
    private readonly string _folder;
    private readonly bool _byBytes;
    private readonly TimeProvider _time;
    private readonly FileLayer _files;
    private readonly ILogger _logger;
    private long _bytes;
    private long _evictions;
    private long _temporary;

    private FileStore(string folder, CacheBound bound, TimeProvider time, FileLayer files, ILogger logger)
    {
        (_folder, _byBytes, _time, _files, _logger) = (folder, bound.IsBytes, time, files, logger);
        _index = new TinyLfu<Place>(bound.Amount, bound.ExpectedEntries) { Evicted = OnEvicted };
    }

    public override string Type => "file";

    public override CacheSize Size
    {
        get
        {
            lock (_lock)
            {
                return new CacheSize(_index.Count, _bytes, _evictions);
            }
        }
    }

    /// <summary>Why answers cannot be kept in a folder; null when they can.</summary>
    public static string? WhyNot(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, ".quoin-writable");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return $"cannot be written: {e.Message}; accepted: a folder that this user may write";
        }
    }

    public static FileStore Open(string folder, CacheBound bound, TimeProvider time, FileLayer files, ILogger logger)
    {
        var store = new FileStore(Path.GetFullPath(folder), bound, time, files, logger);
        store.ReadFolder();
        return store;
    }

    public override async ValueTask<CachedAnswer?> GetAsync(CacheKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_index.TryGet(key, out var place))
            {
                return null;
            }

            if (_time.GetUtcNow() >= place.DropAt)
            {
                Forget(key, place);
                _evicted.Add(key);
            }
        }

        DeleteEvicted();
        try
        {
            if (EntryFormat.Read(await _files.ReadAsync(PathOf(key), cancellationToken)) is { } entry)
            {
                return _time.GetUtcNow() < entry.DropAt ? entry.Answer : null;
            }

            Log.Corrupt(_logger, PathOf(key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Deleted by somebody, or unreadable: it is not there.
        }

        Drop(key);
        return null;
    }

    public override async ValueTask SetAsync(
        CacheKey key, CachedAnswer answer, TimeSpan keep, CancellationToken cancellationToken)
    {
        var dropAt = _time.GetUtcNow() + keep;
        var bytes = EntryFormat.Write(answer, dropAt);
        if (!TryIndex(key, new Place(bytes.Length, dropAt, answer.Route, answer.Tenant)))
        {
            DeleteEvicted();
            return;
        }

        DeleteEvicted();
        var path = PathOf(key);
        var temporary = $"{path}.{Interlocked.Increment(ref _temporary)}{TemporaryExtension}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await _files.WriteAsync(temporary, bytes, cancellationToken);
            _files.Rename(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotKept(_logger, e.Message);
            Drop(key);
            Delete(temporary);
        }
    }

    public override ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken cancellationToken)
    {
        KeyValuePair<CacheKey, Place>[] found;
        lock (_lock)
        {
            found = [.. _index.Entries.Where(pair => purge.Matches(pair.Key, pair.Value.Route, pair.Value.Tenant))];
            foreach (var (key, place) in found)
            {
                Forget(key, place);
                _evicted.Add(key);
            }
        }

        DeleteEvicted();
        return new(found.Length);
    }

    private bool TryIndex(CacheKey key, Place place)
    {
        lock (_lock)
        {
            if (_index.TryPeek(key, out var old))
            {
                Forget(key, old);
            }

            _bytes += place.Bytes;
            _index.Set(key, place, _byBytes ? place.Bytes : 1);
            return _index.TryPeek(key, out _);
        }
    }

    private void Forget(in CacheKey key, Place place)
    {
        _index.Remove(key);
        _bytes -= place.Bytes;
    }

    private void OnEvicted(CacheKey key, Place place)
    {
        _bytes -= place.Bytes;
        _evictions++;
        _evicted.Add(key);
    }

    private void Drop(CacheKey key)
    {
        lock (_lock)
        {
            if (_index.TryPeek(key, out var place))
            {
                Forget(key, place);
            }
        }

        Delete(PathOf(key));
    }

    /// <summary>Files are deleted outside of the lock: a slow disk holds up nobody but the caller.</summary>
    private void DeleteEvicted()
    {
        CacheKey[] evicted;
        lock (_lock)
        {
            evicted = [.. _evicted.Where(key => !_index.TryPeek(key, out _))];
            _evicted.Clear();
        }

        foreach (var key in evicted)
        {
            Delete(PathOf(key));
        }
    }

    private void Delete(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotDeleted(_logger, path, e.Message);
        }
    }

    private string PathOf(in CacheKey key)
    {
        var name = key.ToString();
        return Path.Combine(_folder, name[..2], name + Extension);
    }

    /// <summary>Makes the index from the files; what is torn, expired or too much is deleted.</summary>
    private void ReadFolder()
    {
        var now = _time.GetUtcNow();
        var seen = 0;
        foreach (var folder in Directory.EnumerateDirectories(_folder, "??"))
        {
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                var name = Path.GetFileNameWithoutExtension(path);
                var whole = path.EndsWith(Extension, StringComparison.Ordinal) && CacheKey.TryParse(name, out var key)
                    && ++seen <= CacheLimits.IndexedFiles && TryReadPlace(path, out var place) && now < place.DropAt
                    && TryIndex(key, place);
                var ours = path.EndsWith(Extension, StringComparison.Ordinal)
                    || path.EndsWith(TemporaryExtension, StringComparison.Ordinal);
                if (!whole && ours)
                {
                    Delete(path);
                }
            }
        }

        DeleteEvicted();
    }

    private static bool TryReadPlace(string path, out Place place)
    {
        place = default;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > CacheLimits.EntryBytes + (8 * CacheLimits.NameChars)
                || EntryFormat.Read(File.ReadAllBytes(path)) is not { } entry)
            {
                return false;
            }

            place = new Place(length, entry.DropAt, entry.Answer.Route, entry.Answer.Tenant);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private readonly record struct Place(long Bytes, DateTimeOffset DropAt, string Route, string Tenant);

    private static partial class Log
    {
        [LoggerMessage(2210, LogLevel.Warning, "The cached answer {Path} was damaged and is deleted",
            EventName = nameof(Corrupt))]
        public static partial void Corrupt(ILogger logger, string path);

        [LoggerMessage(2211, LogLevel.Warning, "An answer could not be written to the cache: {Reason}",
            EventName = nameof(NotKept))]
        public static partial void NotKept(ILogger logger, string reason);

        [LoggerMessage(2212, LogLevel.Warning, "The cached answer {Path} could not be deleted: {Reason}",
            EventName = nameof(NotDeleted))]
        public static partial void NotDeleted(ILogger logger, string path, string reason);
    }
}
