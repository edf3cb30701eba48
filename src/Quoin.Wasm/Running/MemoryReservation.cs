using System.Runtime.InteropServices;

namespace Quoin.Wasm.Running;

/// <summary>
/// Address space for one memory at its largest, so that its base never moves. On Linux it is mapped without access and
/// opened page by page as the memory grows; elsewhere it is allocated zeroed at once, which the systems do lazily.
/// Freed when nobody refers to it any more, or on <see cref="SafeHandle.Dispose()"/>.
/// </summary>
internal sealed unsafe partial class MemoryReservation : SafeHandle
{
    private const int ProtectNone = 0, ProtectReadWrite = 3;
    private const int MapPrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    private const int AdviseDontNeed = 4;

    /// <summary>Above, giving pages back to the system costs less than clearing them.</summary>
    private const long ClearBytes = 4L << 20;

    private MemoryReservation(nint address, long bytes)
        : base(0, ownsHandle: true)
    {
        SetHandle(address);
        Bytes = bytes;
    }

    public override bool IsInvalid => handle == 0;

    public byte* Base => (byte*)handle;

    /// <summary>The bytes that are reserved.</summary>
    public long Bytes { get; }

    /// <summary>The bytes that can be read and written. All above what the memory's users wrote are zero.</summary>
    public long Committed { get; private set; }

    /// <summary>Reserves address space; null: there is none.</summary>
    public static MemoryReservation? TryCreate(long bytes)
    {
        if (bytes == 0)
            bytes = 1 << 16;
        if (OperatingSystem.IsLinux())
        {
            var address = Map(0, (nuint)bytes, ProtectNone, MapPrivateAnonymousNoReserve, -1, 0);
            return address == -1 ? null : new MemoryReservation(address, bytes);
        }

        try
        {
            return new MemoryReservation((nint)NativeMemory.AllocZeroed((nuint)bytes), bytes) { Committed = bytes };
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Makes the first <paramref name="bytes"/> usable; false: the system has no more.</summary>
    public bool TryCommit(long bytes)
    {
        if (bytes > Bytes)
            return false;
        if (bytes <= Committed)
            return true;
        if (Protect(handle + (nint)Committed, (nuint)(bytes - Committed), ProtectReadWrite) != 0)
            return false;
        Committed = bytes;
        return true;
    }

    /// <summary>Zeroes the first <paramref name="used"/> bytes, so that the next user finds none of them.</summary>
    public void Clear(long used)
    {
        // Anonymous pages that are given back are zero when they are touched again.
        if (used > ClearBytes && OperatingSystem.IsLinux() && Advise(handle, (nuint)used, AdviseDontNeed) == 0)
            return;
        NativeMemory.Clear(Base, (nuint)used);
    }

    protected override bool ReleaseHandle()
    {
        if (OperatingSystem.IsLinux())
            return Unmap(handle, (nuint)Bytes) == 0;
        NativeMemory.Free((void*)handle);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
