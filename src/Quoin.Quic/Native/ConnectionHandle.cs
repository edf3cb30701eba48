using System.Runtime.InteropServices;
using Quoin.Quic.Connections;

namespace Quoin.Quic.Native;

/// <summary>
/// The native half of one connection: ngtcp2's connection, GnuTLS's session, the reference by which the crypto library
/// finds one from the other, and the GCHandle by which callbacks find ours. All are made and freed on the loop's
/// thread;
/// <see cref="Free"/> frees them in the order in which they use each other. Bytes that streams have offered must
/// outlive <see cref="Connection"/>: they are returned after it.
/// </summary>
internal sealed unsafe class ConnectionHandle
{
    private static long _alive;

    private GCHandle _self;

    public ConnectionHandle(IConnectionEvents events)
    {
        _self = GCHandle.Alloc(events);
        Reference = (NativeConnectionReference*)NativeMemory.AllocZeroed((nuint)sizeof(NativeConnectionReference));
        Reference->GetConnection = ConnectionCallbacks.GetConnection;
        Reference->Handle = GCHandle.ToIntPtr(_self);
        Interlocked.Increment(ref _alive);
    }

    /// <summary>Handles that are not freed, in the process: what a leak would show in.</summary>
    public static long Alive => Interlocked.Read(ref _alive);

    /// <summary>What callbacks get as their user data.</summary>
    public nint UserData => GCHandle.ToIntPtr(_self);

    public NativeConnectionReference* Reference { get; private set; }

    /// <summary>0: not made, or freed.</summary>
    public nint Connection
    {
        get => Reference is null ? 0 : Reference->Connection;
        set => Reference->Connection = value;
    }

    public nint Session { get; set; }

    public void Free()
    {
        if (Reference is null)
        {
            return;
        }

        if (Connection != 0)
        {
            Ngtcp2Connection.Delete(Connection);
        }

        if (Session != 0)
        {
            GnuTls.Deinit(Session);
            Session = 0;
        }

        NativeMemory.Free(Reference);
        Reference = null;
        _self.Free();
        Interlocked.Decrement(ref _alive);
    }
}
