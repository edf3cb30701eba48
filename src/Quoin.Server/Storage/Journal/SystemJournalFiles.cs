using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

#pragma warning disable CA1416 // What has no file modes has no libc either.

namespace Quoin.Server.Storage.Journal;

/// <summary>
/// The file system. Writing, syncing and renaming go to libc: <c>FileStream.Flush(true)</c> and
/// <c>RandomAccess.FlushToDisk</c> return normally on Linux when fsync fails (.NET 10.0.12), and a journal that
/// believes them acknowledges what is not on disk.
/// </summary>
internal sealed partial class SystemJournalFiles : IJournalFiles
{
    private const UnixFileMode FileAccessMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public IJournalFile? TryOpen(string path)
    {
        try
        {
            var file = new JournalFile(Open(path, FileMode.Open));
            File.SetUnixFileMode(path, FileAccessMode);
            return file;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public IJournalFile Create(string path) => new JournalFile(Open(path, FileMode.Create));

    public void Rename(string from, string to) => Check(Libc.Rename(from, to), "rename", to);

    public void Delete(string path) => File.Delete(path);

    public void CreateFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public void SyncFolder(string folder)
    {
        const int CloseOnExec = 0x80000;
        var descriptor = Libc.Open(folder, CloseOnExec);
        Check(descriptor, "open", folder);
        try
        {
            Repeat(() => Libc.Fsync(descriptor), "fsync", folder);
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    public IDisposable? TryLock(string path)
    {
        try
        {
            // FileShare.None is flock(LOCK_EX): the system gives it up with the process, however that ends.
            return Open(path, FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }

    private static FileStream Open(string path, FileMode mode, FileShare share = FileShare.ReadWrite)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = System.IO.FileAccess.ReadWrite,
            Share = share,
            BufferSize = 0,
        };
        if (mode != FileMode.Open)
        {
            options.UnixCreateMode = FileAccessMode;
        }

        return new FileStream(path, options);
    }

    private static void Check(int result, string operation, string path)
    {
        if (result < 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), operation, path);
        }
    }

    /// <summary>A signal may interrupt a sync before it has done anything; only that is tried again.</summary>
    private static void Repeat(Func<int> call, string operation, string path)
    {
        while (call() < 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.Interrupted)
            {
                throw Failure(errno, operation, path);
            }
        }
    }

    private static IOException Failure(int errno, string operation, string path) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{operation} of {path} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"),
        errno);

    private sealed class JournalFile(FileStream stream) : IJournalFile
    {
        private readonly SafeFileHandle _handle = stream.SafeFileHandle;

        public long Length => RandomAccess.GetLength(_handle);

        public int Read(Span<byte> buffer, long position) => RandomAccess.Read(_handle, buffer, position);

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            while (!bytes.IsEmpty)
            {
                var written = Libc.Pwrite(_handle, bytes, bytes.Length, position);
                if (written < 0)
                {
                    var errno = Marshal.GetLastPInvokeError();
                    if (errno == Errno.Interrupted)
                    {
                        continue;
                    }

                    throw Failure(errno, "write", stream.Name);
                }

                bytes = bytes[(int)written..];
                position += written;
            }
        }

        public void Sync() => Repeat(() => Libc.Fdatasync(_handle), "fdatasync", stream.Name);

        public void Truncate(long length) => RandomAccess.SetLength(_handle, length);

        public void Dispose() => stream.Dispose();
    }

    private static partial class Libc
    {
        [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
        public static partial int Fdatasync(SafeFileHandle file);

        [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true)]
        public static partial nint Pwrite(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint count, long position);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static partial int Fsync(int descriptor);

        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Open(string path, int flags);

        [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
        public static partial int Close(int descriptor);

        [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Rename(string from, string to);
    }
}
