using System.Net;
using System.Net.Sockets;

namespace Quoin.Http.Connections;

/// <summary>
/// Sockets of one port that several processes listen on (SO_REUSEPORT of Linux): the kernel shares new connections out
/// among them. All have to ask for it, and be of one user.
/// </summary>
internal static class SharedPort
{
    private const int SolSocket = 1;
    private const int SoReusePort = 15;

    /// <exception cref="SocketException">The port is taken by one that does not share, or not this user's.</exception>
    public static Socket Bind(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.SetRawSocketOption(SolSocket, SoReusePort, BitConverter.GetBytes(1));
            socket.Bind(endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
