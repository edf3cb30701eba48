using Microsoft.Extensions.Logging;
using Quoin.Quic.Native;

namespace Quoin.Quic;

/// <summary>The way into QUIC without HTTP.</summary>
public static class QuicEndpoint
{
    /// <summary>Why QUIC cannot be used on this system, with the packages to install; null where it can.</summary>
    public static string? UnavailableReason => QuicLibrary.Fault;

    /// <summary>The version of ngtcp2 in use; empty: none.</summary>
    public static string LibraryVersion => QuicLibrary.Version;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="QuicUnavailableException">The native library cannot be used.</exception>
    /// <exception cref="IOException">The port is taken, or not this user's.</exception>
    /// <exception cref="ArgumentException">Options are out of range: all of them are named.</exception>
    public static ValueTask<QuicListener> ListenAsync(
        QuicListenOptions options, TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ValueTask.FromResult(QuicListener.Start(options, time ?? TimeProvider.System, logger));
    }

    /// <summary>Connects with a socket of its own, which ends with the connection.</summary>
    /// <exception cref="QuicUnavailableException">The native library cannot be used.</exception>
    /// <exception cref="QuicException">The server does not answer, or the handshake fails.</exception>
    public static async Task<QuicConnection> ConnectAsync(
        QuicConnectOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var client = new QuicClient(options.Transport, options.Tls.ApplicationProtocols ?? [], local: null, time);
        try
        {
            var connection = await client.ConnectAsync(options, cancellationToken);
            connection.OwnClient(client);
            return connection;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }
}
