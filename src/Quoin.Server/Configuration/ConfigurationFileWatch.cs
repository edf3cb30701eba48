using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Configuration;

/// <summary>
/// Notices that a file has other content than before, however that came about: written in place, replaced by a rename
/// as editors do, or behind a symbolic link that now points elsewhere, as Kubernetes mounts config maps. It watches the
/// folders of the name and of what the name stands for, and takes any event there as a hint only: when it has been
/// quiet for <see cref="Quiet"/>, the content's hash decides. Since some file systems send no events, the hash is also
/// taken every <see cref="Period"/>.
/// </summary>
internal sealed class ConfigurationFileWatch : IDisposable
{
    /// <summary>Editors and deployment tools write a file in several steps; 200 ms outlast them unnoticed.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    /// <summary>A folder that is never quiet (/tmp, a log folder) puts the check off no longer than this.</summary>
    public static readonly TimeSpan LongestUnrest = TimeSpan.FromSeconds(1);

    /// <summary>Reading 1 MB at most every 10 s costs nothing.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly string _file;
    private readonly Action _changed;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _quiet;
    private readonly ITimer _period;
    private readonly Lock _checking = new();
    private readonly List<FileSystemWatcher> _watchers = [];
    private string _watchedFolder = "";
    private byte[] _hash;
    private long _unrestSince; // timestamp of the first hint since the last check; 0: none
    private bool _disposed;

    /// <param name="loaded">Hash of the content in use, so that a change since it was read is not missed.</param>
    public ConfigurationFileWatch(
        string file, ReadOnlyMemory<byte> loaded, Action changed, ILogger logger, TimeProvider time)
    {
        _file = file;
        _changed = changed;
        _logger = logger;
        _hash = loaded.ToArray();
        _time = time;
        _quiet = time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _period = time.CreateTimer(_ => Check(), null, Period, Period);
        lock (_checking)
            Watch();
    }

    public void Dispose()
    {
        lock (_checking)
        {
            _disposed = true;
            StopWatchers();
        }

        _quiet.Dispose();
        _period.Dispose();
    }

    private void Check()
    {
        lock (_checking)
        {
            if (_disposed)
                return;
            Volatile.Write(ref _unrestSince, 0);
            Watch();
            var hash = Hash(_file);
            if (hash.AsSpan().SequenceEqual(_hash))
                return;
            _hash = hash;
            _changed();
        }
    }

    /// <summary>Watches the folders that matter now; a link may have come to point into another one.</summary>
    private void Watch()
    {
        var folder = Path.GetDirectoryName(_file)!;
        var target = TargetFolder() ?? folder;
        if (target == _watchedFolder)
            return;
        StopWatchers();
        _watchedFolder = target;
        foreach (var watched in new[] { folder, target }.Distinct(StringComparer.Ordinal))
        {
            try
            {
                var watcher = new FileSystemWatcher(watched)
                {
                    NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite,
                };
                watcher.Changed += Hint;
                watcher.Created += Hint;
                watcher.Deleted += Hint;
                watcher.Renamed += Hint;
                watcher.Error += (_, failure) =>
                    _logger.WatchFailed(_file, Period.TotalSeconds, failure.GetException().Message);
                _watchers.Add(watcher);
                watcher.EnableRaisingEvents = true;
            }
            catch (Exception fault) when (fault is IOException or ArgumentException or UnauthorizedAccessException)
            {
                // No folder, or the system's limit of watches is reached.
                _logger.WatchFailed(_file, Period.TotalSeconds, fault.Message);
            }
        }
    }

    private string? TargetFolder()
    {
        try
        {
            // A link anywhere on the way counts: Kubernetes links the folder, not the file.
            var resolved = File.ResolveLinkTarget(_file, returnFinalTarget: true)?.FullName ?? _file;
            var folder = Path.GetDirectoryName(resolved)!;
            return Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Hint(object sender, FileSystemEventArgs change)
    {
        try
        {
            var since = Interlocked.CompareExchange(ref _unrestSince, _time.GetTimestamp(), 0);
            if (since == 0 || _time.GetElapsedTime(since) < LongestUnrest)
            {
                _quiet.Change(Quiet, Timeout.InfiniteTimeSpan);
            }
        }
        catch (ObjectDisposedException)
        {
            // The last event came while the server stopped.
        }
    }

    private void StopWatchers()
    {
        foreach (var watcher in _watchers)
            watcher.Dispose();
        _watchers.Clear();
    }

    private static byte[] Hash(string file) =>
        ConfigurationLoader.TryReadFile(file, out var bytes, out _) ? SHA256.HashData(bytes!) : [];
}
