using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Storage.Journal;

/// <summary>
/// The journal's files: PATH itself; PATH.lock, held while a server uses it; PATH.new, a journal not yet in its place,
/// worthless after a crash; PATH.damaged-TIME, a copy of a journal in which acknowledged bytes could not be read.
/// </summary>
internal sealed class JournalPlace(string path, IJournalFiles files, TimeProvider time, ILogger logger)
{
    private readonly string _folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
    private readonly string _new = path + ".new";

    public string Path { get; } = path;

    public IDisposable Lock()
    {
        return Try("cannot be locked", () =>
        {
            files.CreateFolder(_folder);
            return files.TryLock(Path + ".lock");
        }) ?? throw new JournalException("another server is using it");
    }

    /// <summary>Reads the journal into the state and repairs it; makes one where there is none.</summary>
    public (IJournalFile File, long End) Open(IJournalState state)
    {
        return Try("cannot be opened", () =>
        {
            files.Delete(_new);
            if (files.TryOpen(Path) is not { } file)
            {
                return Rewrite(state, readBack: false);
            }

            try
            {
                if (file.Length == 0)
                {
                    file.Dispose();
                    return Rewrite(state, readBack: false);
                }

                var scan = new JournalReader(file, (type, payload) => state.Apply(type, payload)).Read();
                return Repair(file, scan, state);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        });
    }

    /// <summary>
    /// Writes the state to a new file and puts it in the journal's place: write, sync, rename, sync the folder.
    /// </summary>
    /// <param name="readBack">Whether it is opened again and read to its end before it is trusted.</param>
    /// <exception cref="JournalNotReplacedException">The old file is still in its place.</exception>
    /// <exception cref="IOException">Either may be in its place after a crash.</exception>
    public (IJournalFile File, long End) Rewrite(IJournalState state, bool readBack)
    {
        IJournalFile? file = null;
        try
        {
            file = files.Create(_new);
            var (end, records) = WriteAll(file, state);
            file.Sync();
            if (readBack)
            {
                file.Dispose();
                file = files.TryOpen(_new) ?? throw new IOException($"{_new} is gone");
                CheckWhole(file, end, records);
            }

            files.Rename(_new, Path);
            return (Settle(file), end);
        }
        catch (Exception e) when (e is IOException and not JournalFolderException or UnauthorizedAccessException)
        {
            file?.Dispose();
            TryDelete();
            throw new JournalNotReplacedException(e as IOException ?? new IOException(e.Message, e));
        }
    }

    private IJournalFile Settle(IJournalFile file)
    {
        try
        {
            files.SyncFolder(_folder);
            return file;
        }
        catch (IOException e)
        {
            file.Dispose();
            throw new JournalFolderException(e);
        }
    }

    private static (long End, long Records) WriteAll(IJournalFile file, IJournalState state)
    {
        file.Write(JournalRecord.FileHeader(), 0);
        var (end, records) = ((long)JournalRecord.FileHeaderBytes, 0L);
        var buffer = new byte[JournalLimits.SearchBytes];
        var filled = 0;
        foreach (var (type, payload) in state.Snapshot())
        {
            var length = JournalRecord.HeaderBytes + payload.Length;
            if (filled + length > buffer.Length)
            {
                file.Write(buffer.AsSpan(0, filled), end - filled);
                filled = 0;
                buffer = length > buffer.Length ? new byte[length] : buffer;
            }

            // The whole file is durable before it is the journal: nothing of it is ever a torn end.
            JournalRecord.Write(buffer.AsSpan(filled, length), type, payload.Span, end, end);
            filled += length;
            end += length;
            records++;
        }

        file.Write(buffer.AsSpan(0, filled), end - filled);
        return (end, records);
    }

    private static void CheckWhole(IJournalFile file, long end, long records)
    {
        var scan = new JournalReader(file, static (_, _) => { }).Read();
        if (scan.Records != records || scan.End != end || scan.Length != end || scan.Damaged.Count > 0)
        {
            throw new IOException("the new journal does not read as it was written", Errno.Io);
        }
    }

    private (IJournalFile File, long End) Repair(IJournalFile file, JournalScan scan, IJournalState state)
    {
        if (scan.Damaged.Count > 0)
        {
            var aside = Path + ".damaged-"
                + time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);
            Copy(file, scan.Length, aside);
            foreach (var damage in scan.Damaged)
            {
                Log.Damaged(logger, Path, damage.Start, damage.End, aside);
            }

            file.Dispose();
            return Rewrite(state, readBack: true);
        }

        if (scan.End < scan.Length)
        {
            Log.Torn(logger, Path, scan.End, scan.Length - scan.End);
        }

        try
        {
            // What was read last may be in memory only, left by a process that died before its sync, or after one that
            // failed. It is acted upon from now on, so it is written anew.
            var anew = Rewrite(state, readBack: false);
            file.Dispose();
            return anew;
        }
        catch (JournalNotReplacedException e) when (Errno.IsFull(e.Failure))
        {
            // A full disk is no reason not to start: what is there can be run and read.
            Log.NotSaved(logger, e.Failure, Path);
            file.Truncate(scan.End);
            file.Sync();
            files.SyncFolder(_folder);
            return (file, scan.End);
        }
    }

    private void Copy(IJournalFile file, long length, string to)
    {
        using var copy = files.Create(to);
        var buffer = new byte[JournalLimits.SearchBytes];
        for (var at = 0L; at < length;)
        {
            var read = file.Read(buffer, at);
            if (read == 0)
            {
                break;
            }

            copy.Write(buffer.AsSpan(0, read), at);
            at += read;
        }

        copy.Sync();
        files.SyncFolder(_folder);
    }

    private void TryDelete()
    {
        try
        {
            files.Delete(_new);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is worthless and will be emptied by the next.
        }
    }

    private static T Try<T>(string what, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException($"{what}: {e.Message}", e);
        }
    }
}

/// <summary>A new journal could not be made, or not be put in its place: the old one is untouched.</summary>
#pragma warning disable CA1032, CA1064 // Made in one way only, and seen by nobody outside.
internal sealed class JournalNotReplacedException(IOException failure)
    : IOException(failure.Message, failure)
{
    public IOException Failure => failure;
}

/// <summary>The new journal has its name, but not for certain after a crash.</summary>
internal sealed class JournalFolderException : IOException
{
    public JournalFolderException(IOException failure)
        : base(failure.Message, failure) => HResult = failure.HResult;
}
