using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// How a loop sleeps: until its socket is readable (or writable), somebody wakes it, or a time has come. Waking costs a
/// system call only while it sleeps. The event file is closed by Dispose, after the loop's thread has ended and under
/// the same lock as waking, because its number is then used for other files.
/// </summary>
internal sealed unsafe class LoopWait : IDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Lock _gate = new();
    private int _event;
    private int _sleeping;

    public LoopWait()
    {
        _event = Libc.EventFile(0, Libc.EventNonBlocking);
        if (_event < 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    /// <summary>Any thread.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_event >= 0)
            {
                ulong one = 1;
                _ = Libc.Write(_event, &one, sizeof(ulong));
            }
        }
    }

    /// <summary>The loop says that it is about to sleep; after it, it looks once more whether there is work.</summary>
    public void Announce() => Interlocked.Exchange(ref _sleeping, 1);

    /// <summary>The loop does not sleep after all.</summary>
    public void Revoke() => Interlocked.Exchange(ref _sleeping, 0);

    /// <summary>
    /// Sleeps for so many nanoseconds at most; <see cref="ulong.MaxValue"/>: until something happens.
    /// </summary>
    public void Sleep(int socket, bool writable, ulong nanoseconds)
    {
        var items = stackalloc Libc.PollItem[2];
        items[0] = new() { File = socket, Wanted = (short)(Libc.PollIn | (writable ? Libc.PollOut : 0)) };
        items[1] = new() { File = _event, Wanted = Libc.PollIn };
        var timeout = new Libc.TimeSpecification
        {
            Seconds = (long)(nanoseconds / NanosecondsPerSecond),
            Nanoseconds = (long)(nanoseconds % NanosecondsPerSecond),
        };
        _ = Libc.Poll(items, 2, nanoseconds == ulong.MaxValue ? null : &timeout, null);
        Revoke();
        if (items[1].Found != 0)
        {
            ulong count = 0;
            _ = Libc.Read(_event, &count, sizeof(ulong));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_event >= 0)
            {
                _ = Libc.Close(_event);
                _event = -1;
            }
        }
    }
}
