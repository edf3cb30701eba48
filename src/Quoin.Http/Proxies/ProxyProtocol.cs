using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Quoin.Http.Proxies;

/// <summary>
/// Takes the PROXY protocol's header off the begin of connections, before TLS, and gives them the addresses in it. It
/// is understood from trusted peers only: whoever may send one may say who it is.
/// </summary>
internal sealed partial class ProxyProtocol(ProxyOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>The longest header.</summary>
    private const int MostBytes = 16 + HttpLimits.ProxyHeaderBytes;

    private readonly TrustedNetworks _trusted = new(options.Trusted);
    private readonly bool _isRequired = options.ProxyProtocol == ProxyProtocolMode.Required;

    public ConnectionDelegate Around(ConnectionDelegate next) => async connection =>
    {
        var isTrusted = connection.RemoteEndPoint is IPEndPoint peer && _trusted.Contains(peer.Address);
        var fault = isTrusted ? await ReadAsync(connection) : _isRequired ? "it is not from a trusted network" : null;
        if (fault is null)
        {
            await next(connection);
            return;
        }

        Log.Refused(logger, connection.RemoteEndPoint, fault);
        connection.Abort(new ConnectionAbortedException("PROXY protocol: " + fault));
    };

    /// <summary>What is wrong, or null.</summary>
    private async Task<string?> ReadAsync(ConnectionContext connection)
    {
        using var limit = new CancellationTokenSource(options.ProxyProtocolTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(either.Token);
                var kind = Take(connection, read.Buffer);
                if (kind == ProxyHeaderKind.Header || (kind == ProxyHeaderKind.None && !_isRequired))
                {
                    return null;
                }

                if (kind != ProxyHeaderKind.Incomplete)
                {
                    return kind == ProxyHeaderKind.Wrong ? "its header is wrong" : "it has no header";
                }

                if (read.IsCompleted)
                {
                    return "it ended before its header";
                }
            }
        }
        catch (OperationCanceledException)
        {
            return "its header did not come in time";
        }
        catch (IOException)
        {
            return "it broke before its header";
        }
    }

    private static ProxyHeaderKind Take(ConnectionContext connection, ReadOnlySequence<byte> buffer)
    {
        var first = buffer.Slice(0, Math.Min(buffer.Length, MostBytes));
        var kind = ProxyHeader.Read(first.IsSingleSegment ? first.FirstSpan : first.ToArray(), out var header);
        var input = connection.Transport.Input;
        switch (kind)
        {
            case ProxyHeaderKind.Header:
                input.AdvanceTo(buffer.GetPosition(header.Length));
                if (header.Source is not null)
                {
                    connection.Features.Set(new ProxyPeer(((IPEndPoint)connection.RemoteEndPoint!).Address));
                    (connection.RemoteEndPoint, connection.LocalEndPoint) = (header.Source, header.Destination);
                }

                break;
            case ProxyHeaderKind.Incomplete:
                input.AdvanceTo(buffer.Start, buffer.End);
                break;
            default:
                input.AdvanceTo(buffer.Start);
                break;
        }

        return kind;
    }

    private static partial class Log
    {
        [LoggerMessage(4020, LogLevel.Warning, "A connection from {Peer} was closed by the PROXY protocol: {Fault}",
            EventName = nameof(Refused))]
        public static partial void Refused(ILogger logger, EndPoint? peer, string fault);
    }
}
