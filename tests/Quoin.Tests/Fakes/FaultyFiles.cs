using Quoin.Server.Storage.Journal;

namespace Quoin.Tests.Fakes;

/// <summary>
/// A disk in memory that behaves as badly as disks may. What was written and not synced may be there after a power
/// cut, or not, or in part, in any order; so may a new name whose folder was not synced. A sync that fails forgets
/// what it should have written: the next one succeeds and has saved nothing (as Linux does).
/// </summary>
internal sealed class FaultyFiles : IJournalFiles
{
    private const int SectorBytes = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Inode> _names = new(StringComparer.Ordinal);
    private Dictionary<string, Inode> _durableNames = new(StringComparer.Ordinal);
    private bool _locked;

    /// <summary>Each operation by name, in order.</summary>
    public List<string> Operations { get; } = [];

    /// <summary>The power fails in the middle of the operation of this number (from 0).</summary>
    public int? PowerFailsAt { get; set; }

    /// <summary>Bytes of a torn write that arrive.</summary>
    public int TornBytes { get; set; }

    /// <summary>Bytes that fit on the disk.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Errno for an operation of a name; null: it works.</summary>
    public Func<string, int?> Fault { get; set; } = static _ => null;

    /// <summary>Called within each sync, before it has any effect.</summary>
    public Action Syncing { get; set; } = static () => { };

    public bool PowerFailed { get; private set; }

    public IEnumerable<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _names.Keys];
            }
        }
    }

    /// <summary>The disk as it is found after a power cut, by one of many possible outcomes.</summary>
    public FaultyFiles Reboot(Random random)
    {
        lock (_lock)
        {
            var found = new FaultyFiles();
            var names = random.Next(2) == 0 ? _durableNames : _names;
            foreach (var (name, inode) in names)
            {
                found._names[name] = new Inode(found, inode.AfterPowerCut(random));
            }

            found._durableNames = new(found._names, StringComparer.Ordinal);
            return found;
        }
    }

    public byte[] Content(string path)
    {
        lock (_lock)
        {
            return [.. _names[path].Current];
        }
    }

    public void Put(string path, byte[] content)
    {
        lock (_lock)
        {
            _names[path] = new Inode(this, content);
            _durableNames[path] = _names[path];
        }
    }

    public IJournalFile? TryOpen(string path) =>
        Do("open", () => _names.TryGetValue(path, out var inode) ? new Handle(this, inode) : null);

    public IJournalFile Create(string path) => Do("create", () => new Handle(this, _names[path] = new Inode(this, [])));

    public void Rename(string from, string to) => Do("rename", () =>
    {
        _names[to] = _names[from];
        return _names.Remove(from);
    });

    public void Delete(string path) => Do("delete", () => _names.Remove(path));

    public void CreateFolder(string folder)
    {
    }

    public void SyncFolder(string folder) => Do("syncfolder", () =>
    {
        _durableNames = new(_names, StringComparer.Ordinal);
        return true;
    });

    public IDisposable? TryLock(string path)
    {
        if (_locked)
        {
            return null;
        }

        _locked = true;
        return new HeldLock(this);
    }

    private T Do<T>(string operation, Func<T> work, Action? torn = null)
    {
        lock (_lock)
        {
            Operations.Add(operation);
            if (PowerFailed || Operations.Count - 1 == PowerFailsAt)
            {
                if (!PowerFailed)
                {
                    torn?.Invoke();
                }

                PowerFailed = true;
                throw new IOException("the power is gone", Errno.Io);
            }

            return Fault(operation) is { } errno ? throw new IOException($"{operation} failed", errno) : work();
        }
    }

    private long Used() => _names.Values.Distinct().Sum(inode => (long)inode.Current.Count);

    private sealed class HeldLock(FaultyFiles files) : IDisposable
    {
        public void Dispose() => files._locked = false;
    }

    private sealed class Inode(FaultyFiles files, byte[] content)
    {
        private readonly List<(long Position, byte[] Bytes)> _unsynced = [];
        private byte[] _durable = content;

        public List<byte> Current { get; private set; } = [.. content];

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            var room = (int)Math.Clamp(
                files.Capacity - files.Used() + Math.Max(Current.Count - position, 0), 0, bytes.Length);
            _unsynced.Add((position, bytes[..room].ToArray()));
            Current = [.. Over([.. Current], position, bytes[..room])];
            if (room < bytes.Length)
            {
                throw new IOException("no space left", Errno.NoSpace);
            }
        }

        public void Sync(bool works)
        {
            foreach (var (position, bytes) in works ? _unsynced : [])
            {
                _durable = Over(_durable, position, bytes);
            }

            if (works && _durable.Length > Current.Count)
            {
                _durable = _durable[..Current.Count];
            }

            _unsynced.Clear();
        }

        public void Truncate(long length)
        {
            Current = Current[..(int)length];
            _unsynced.RemoveAll(write => write.Position >= length);
        }

        public byte[] AfterPowerCut(Random random)
        {
            var outcome = random.Next(3);
            if (outcome == 0)
            {
                return _durable;
            }

            var found = _durable;
            foreach (var (position, bytes) in _unsynced)
            {
                for (var at = 0; at < bytes.Length; at += SectorBytes)
                {
                    if (outcome == 1 || random.Next(2) == 0)
                    {
                        found = Over(
                            found, position + at, bytes.AsSpan(at, Math.Min(SectorBytes, bytes.Length - at)));
                    }
                }
            }

            return found;
        }

        private static byte[] Over(byte[] content, long position, ReadOnlySpan<byte> bytes)
        {
            var result = new byte[Math.Max(content.Length, position + bytes.Length)];
            content.CopyTo(result, 0);
            bytes.CopyTo(result.AsSpan((int)position));
            return result;
        }
    }

    private sealed class Handle(FaultyFiles files, Inode inode) : IJournalFile
    {
        public long Length
        {
            get
            {
                lock (files._lock)
                {
                    return inode.Current.Count;
                }
            }
        }

        public int Read(Span<byte> buffer, long position)
        {
            lock (files._lock)
            {
                var count = (int)Math.Clamp(inode.Current.Count - position, 0, buffer.Length);
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(inode.Current)
                    .Slice((int)Math.Min(position, inode.Current.Count), count).CopyTo(buffer);
                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            var copy = bytes.ToArray();
            files.Do(
                "write",
                () =>
                {
                    inode.Write(copy, position);
                    return true;
                },
                () => inode.Write(copy.AsSpan(0, Math.Min(files.TornBytes, copy.Length)), position));
        }

        public void Sync()
        {
            files.Syncing();
            try
            {
                files.Do("sync", () =>
                {
                    inode.Sync(works: true);
                    return true;
                });
            }
            catch (IOException) when (!files.PowerFailed)
            {
                lock (files._lock)
                {
                    inode.Sync(works: false);
                }

                throw;
            }
        }

        public void Truncate(long length) => files.Do("truncate", () =>
        {
            inode.Truncate(length);
            return true;
        });

        public void Dispose()
        {
        }
    }
}
