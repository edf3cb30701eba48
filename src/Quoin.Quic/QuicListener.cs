using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;

namespace Quoin.Quic;

/// <summary>Listens for QUIC connections, with one or more loops on one port.</summary>
public sealed class QuicListener : IAsyncDisposable
{
    private readonly EndpointContext _context;
    private int _stopped;

    private QuicListener(EndpointContext context, IPEndPoint local) => (_context, LocalEndPoint) = (context, local);

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Connections that are open, those whose handshake is under way too.</summary>
    public int Connections => _context.Connections;

    /// <summary>The next connection whose handshake is complete; null: it takes none any more.</summary>
    public async ValueTask<QuicConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _context.Accepted.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_context.Accepted.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <summary>Takes no new connections; those it has go on.</summary>
    public void StopAccepting()
    {
        _context.IsStopping = true;
        _context.Accepted.Writer.TryComplete();
    }

    /// <summary>Ends all connections with a code, and then the loops.</summary>
    public async Task StopAsync(long code = 0)
    {
        StopAccepting();
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            foreach (var loop in _context.Loops)
            {
                loop.Stop(code);
            }
        }

        await Task.WhenAll(_context.Loops.Select(loop => loop.Ended));
        _context.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    /// <exception cref="QuicUnavailableException">The native library cannot be used.</exception>
    internal static QuicListener Start(
        QuicListenOptions options, TimeProvider time, ILogger? logger = null, int pooledStreams = 0)
    {
        QuicLibrary.Require();
        options.Transport.Require(nameof(options));
        var context = new EndpointContext(
            options.Transport, options.Protocols, server: true, time, logger ?? NullLogger.Instance, options.KeyOf)
        {
            SelectTls = options.SelectTls,
            PooledStreams = pooledStreams,
            Memory = options.Memory,
        };
        var loops = new List<EventLoop>();
        try
        {
            var endpoint = options.EndPoint;
            var count = options.Transport.EffectiveLoops;
            if (count > 1 && !options.Transport.SharePort)
            {
                // Sharing among our loops would let another process of this user take part: the port has to be free.
                UdpSocket.Bind(endpoint, share: false, 4096, 4096).Dispose();
            }

            while (loops.Count < count)
            {
                var loop = Loop(loops.Count, endpoint, count > 1 || options.Transport.SharePort, context);
                loops.Add(loop);
                endpoint = loop.LocalEndPoint.Port == endpoint.Port
                    ? endpoint
                    : new IPEndPoint(endpoint.Address, loop.LocalEndPoint.Port);
            }

            context.Loops = loops;
            loops.ForEach(loop => loop.Start());
            return new QuicListener(context, endpoint);
        }
        catch
        {
            loops.ForEach(loop => loop.Dispose());
            context.Dispose();
            throw;
        }
    }

    internal static EventLoop Loop(int index, IPEndPoint endpoint, bool share, EndpointContext context)
    {
        var options = context.Options;
        var socket = UdpSocket.Bind(endpoint, share, options.UdpReceiveBuffer, options.UdpSendBuffer);
        if (index == 0)
        {
            Warn("receive", socket.ReceiveBufferBytes, options.UdpReceiveBuffer, "net.core.rmem_max");
            Warn("send", socket.SendBufferBytes, options.UdpSendBuffer, "net.core.wmem_max");
        }

        socket.IsWildcard &= context.IsServer;
        return new EventLoop(index, socket, context);

        void Warn(string which, int given, int wanted, string setting)
        {
            if (given < wanted)
            {
                Log.SmallBuffer(context.Logger, which, endpoint, given, wanted, setting);
            }
        }
    }
}
