using System.Runtime.InteropServices;

namespace Quoin.Wasm.Running;

/// <summary>
/// Where a thread's stack may be used to. Compiled code compares its own address with the limit; below it stay
/// <see cref="HostBytes"/> for host functions, for raising exceptions and for one more frame.
/// </summary>
internal static unsafe partial class ThreadStack
{
    /// <summary>
    /// Stays free below the limit: frames of one function are some 100 KB at most, handling a trap takes 30.
    /// </summary>
    public const int HostBytes = 256 << 10;

    /// <summary>
    /// Taken as there where the system cannot be asked: half of the smallest stack .NET gives its threads.
    /// </summary>
    private const int AssumedBytes = 768 << 10;

    /// <summary>The lowest address of the thread's stack; 0: not asked yet.</summary>
    [ThreadStatic]
    private static nuint _lowest;

    /// <summary>The address below which a program that begins here may not push frames.</summary>
    public static nuint LimitFor(int bytes)
    {
        var here = (nuint)(&bytes);
        if (_lowest == 0)
            _lowest = OperatingSystem.IsLinux() ? AskLinux(here) : here - AssumedBytes;
        var least = _lowest + HostBytes;
        var wanted = (nuint)Math.Max(0, bytes);
        return wanted < here && here - wanted > least ? here - wanted : least;
    }

    private static nuint AskLinux(nuint here)
    {
        // Larger than pthread_attr_t of any libc (56 bytes of glibc on x64, 64 on arm64).
        var attributes = stackalloc byte[256];
        nint low = 0;
        nint size = 0;
        if (GetAttributes(Self(), attributes) != 0)
            return here - AssumedBytes;
        var found = GetStack(attributes, &low, &size);
        _ = DestroyAttributes(attributes);
        return found == 0 && low > 0 && (nuint)low < here ? (nuint)low : here - AssumedBytes;
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint Self();

    [LibraryImport("libc", EntryPoint = "pthread_getattr_np")]
    private static partial int GetAttributes(nint thread, byte* attributes);

    [LibraryImport("libc", EntryPoint = "pthread_attr_getstack")]
    private static partial int GetStack(byte* attributes, nint* low, nint* size);

    [LibraryImport("libc", EntryPoint = "pthread_attr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);
}
