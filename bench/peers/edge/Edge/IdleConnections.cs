using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quoin.Peers.Edge;

/// <summary>
/// Opens connections, makes one request over each, as an idle connection has had one, and holds them until its input
/// ends. They come from several addresses: one has fewer than 30 000 source ports, and some of them are in use.
/// </summary>
internal static class IdleConnections
{
    private const int SourceAddresses = 8;

    /// <summary>A listener's queue is a few hundred long.</summary>
    private const int AtATime = 64;

    private static readonly byte[] Request =
        Encoding.ASCII.GetBytes("GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

    public static async Task<int> HoldAsync(int port, int count)
    {
        var sockets = new Socket[count];
        var failed = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtATime };
        await Parallel.ForAsync(0, count, parallel, async (i, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets[i] = socket;
            try
            {
                socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (i % SourceAddresses))]), 0));
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                await socket.SendAsync(Request, cancellationToken);
                var read = await socket.ReceiveAsync(new byte[1024], cancellationToken);
                if (read == 0)
                {
                    Interlocked.Increment(ref failed);
                }
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref failed);
            }
        });
        Console.WriteLine($"open {count - failed}");
        await Console.In.ReadLineAsync();
        var closed = sockets.Count(socket => socket.Connected && socket.Poll(0, SelectMode.SelectRead));
        Console.WriteLine($"closed {closed}");
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }

        return failed + closed == 0 ? 0 : 1;
    }
}
