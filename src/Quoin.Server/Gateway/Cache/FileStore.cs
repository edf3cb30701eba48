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
    private const int KeyChars = CacheKey.Bytes * 2;
    private const int NameChars = KeyChars + 7;

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

    /// <summary>1 while nothing can be written: said once, not for each answer.</summary>
    private int _failing;

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
            if (Interlocked.Exchange(ref _failing, 0) != 0)
            {
                Log.KeptAgain(_logger);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Interlocked.Exchange(ref _failing, 1) == 0)
            {
                Log.NotKept(_logger, e.Message);
            }

            Drop(key);
            Delete(temporary);
            return;
        }

        if (!IsIndexed(key))
        {
            // Pushed out while it was written: nobody would find the file, or count it.
            Delete(path);
        }
    }

    public override ValueTask<CachePurged> PurgeAsync(CachePurge purge, CancellationToken cancellationToken)
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
        return new(new CachePurged(found.Length, Complete: true));
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

    private bool IsIndexed(in CacheKey key)
    {
        lock (_lock)
        {
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
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever written there.
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
        var buffer = new byte[EntryFormat.HeadBytes];
        foreach (var folder in Directory.EnumerateDirectories(_folder, "??"))
        {
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                var name = Path.GetFileName(path);
                if (name.Length < NameChars || !CacheKey.TryParse(name[..KeyChars], out var key)
                    || !name.AsSpan(KeyChars).StartsWith(Extension))
                {
                    // Not ours.
                    continue;
                }

                var whole = name.Length == NameChars && ++seen <= CacheLimits.IndexedFiles
                    && TryReadPlace(path, buffer, out var place) && now < place.DropAt
                    && TryIndex(key, place);
                if (!whole)
                {
                    Delete(path);
                }
            }
        }

        DeleteEvicted();
    }

    /// <summary>Reads the head only: a damaged body is found when it is asked for.</summary>
    private static bool TryReadPlace(string path, byte[] buffer, out Place place)
    {
        place = default;
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            var read = RandomAccess.Read(file, buffer, 0);
            if (EntryFormat.ReadHead(buffer.AsSpan(0, read), length) is not { } entry)
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

        [LoggerMessage(2211, LogLevel.Warning, "Answers cannot be written to the cache, and are not kept: {Reason}",
            EventName = nameof(NotKept))]
        public static partial void NotKept(ILogger logger, string reason);

        [LoggerMessage(2213, LogLevel.Information, "Answers are written to the cache again",
            EventName = nameof(KeptAgain))]
        public static partial void KeptAgain(ILogger logger);

        [LoggerMessage(2212, LogLevel.Warning, "The cached answer {Path} could not be deleted: {Reason}",
            EventName = nameof(NotDeleted))]
        public static partial void NotDeleted(ILogger logger, string path, string reason);
    }
}
