namespace Quoin.Server.Storage.Journal;

/// <summary>
/// All that the journal asks of the file system, so that tests can tear writes, fill the disk and fail a sync. A
/// failure is an <see cref="IOException"/> whose HResult is the errno.
/// </summary>
internal interface IJournalFiles
{
    /// <summary>An existing file, to read and write; null where there is none.</summary>
    IJournalFile? TryOpen(string path);

    /// <summary>A new, empty file that only its owner may read; an old one of the name is emptied.</summary>
    IJournalFile Create(string path);

    /// <summary>Puts a file in the place of another in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Nothing where there is no such file.</summary>
    void Delete(string path);

    /// <summary>Creates the folder, for its owner alone, where it is missing.</summary>
    void CreateFolder(string folder);

    /// <summary>Makes the names in a folder durable: without it a renamed file may have its old name back.</summary>
    void SyncFolder(string folder);

    /// <summary>Held until disposed, or until the process ends; null while another process holds it.</summary>
    IDisposable? TryLock(string path);
}

internal interface IJournalFile : IDisposable
{
    long Length { get; }

    /// <summary>The bytes read; 0 at the end.</summary>
    int Read(Span<byte> buffer, long position);

    /// <summary>Writes all bytes or throws; what was written before the failure stays written.</summary>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Returns when content and length are durable; throws where the system says that they are not.</summary>
    void Sync();

    void Truncate(long length);
}

/// <summary>The numbers of Linux, the same on its every processor.</summary>
internal static class Errno
{
    public const int Interrupted = 4;
    public const int Io = 5;
    public const int NoSpace = 28;
    public const int Quota = 122;

    public static bool IsFull(IOException e) => e.HResult is NoSpace or Quota;
}
