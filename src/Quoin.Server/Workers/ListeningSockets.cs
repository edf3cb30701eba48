using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Quoin.Http;

namespace Quoin.Server.Workers;

/// <summary>
/// The listening sockets of the slots, all on one port by SO_REUSEPORT, so that the kernel shares connections out among
/// them. They are the supervisor's for its whole life: what waits in the backlog of a worker that ended is taken by its
/// successor. A process inherits only the socket that is lent while it is started.
/// </summary>
internal sealed partial class ListeningSockets : IDisposable
{
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    /// <summary>Connections that may wait for a worker's accept, of each slot; what Kestrel asks for.</summary>
    private const int Backlog = 512;

    private readonly Socket[] _sockets;

    private ListeningSockets(Socket[] sockets) => _sockets = sockets;

    public IPEndPoint EndPoint => (IPEndPoint)_sockets[0].LocalEndPoint!;

    /// <exception cref="SocketException">The port is taken, or the address is not this machine's.</exception>
    public static ListeningSockets Open(IPAddress address, int port, int count)
    {
        // Another server of this user that shares its port would share it with us too: asked for without sharing first.
        using (var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp))
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                probe.DualMode = true;
            }

            probe.Bind(new IPEndPoint(address, port));
            probe.Listen(1);
        }

        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var socket = HttpEdge.BindShared(new IPEndPoint(address, port));
                sockets.Add(socket);
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            }

            sockets.ForEach(socket => socket.Listen(Backlog));
            return new ListeningSockets([.. sockets]);
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    public int DescriptorOf(int slot) => (int)_sockets[slot].Handle;

    /// <summary>A process that is started now inherits the slot's socket. Starts come one at a time.</summary>
    public void Lend(int slot) => SetFlags(DescriptorOf(slot), 0);

    public void TakeBack(int slot) => SetFlags(DescriptorOf(slot), CloseOnExec);

    /// <summary>
    /// In the worker. The flag stays off: .NET takes that as the sign that the socket is not this process's alone, and
    /// does not shut it down when it closes it.
    /// </summary>
    public static Socket Inherit(int descriptor)
    {
        SetFlags(descriptor, 0);
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    public void Dispose() => Array.ForEach(_sockets, socket => socket.Dispose());

    private static void SetFlags(int descriptor, int flags)
    {
        if (Control(descriptor, SetDescriptorFlags, flags) < 0)
        {
            throw new ServerStartException(
                $"descriptor {descriptor} is no listening socket (errno {Marshal.GetLastPInvokeError()})");
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int flags);
}
