using System.Runtime.InteropServices;

namespace Quoin.Http.StaticFiles;

/// <summary>
/// Tells files from what only looks like one: to open a pipe waits for its other end, to open a device may do
/// anything. .NET does not tell them apart, but none of them has a length, so the system is asked for empty ones only.
/// </summary>
internal static partial class RegularFile
{
    private const int NoFollow = 0x100;
    private const int CurrentFolder = -100;
    private const uint TypeOnly = 1;

    /// <summary>Where <c>struct statx</c> has its <c>stx_mode</c>; the same on every processor.</summary>
    private const int ModeAt = 28;
    private const int StatBytes = 256;
    private const int TypeBits = 0xF000;
    private const int Regular = 0x8000;

    public static bool Is(FileInfo file)
    {
        if (file.Length > 0 || !OperatingSystem.IsLinux())
        {
            return true;
        }

        var stat = new byte[StatBytes];
        return Statx(CurrentFolder, file.FullName, NoFollow, TypeOnly, stat) == 0
            && (BitConverter.ToUInt16(stat, ModeAt) & TypeBits) == Regular;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, [Out] byte[] stat);
}
