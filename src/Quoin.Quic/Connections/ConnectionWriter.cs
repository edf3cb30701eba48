using Quoin.Quic.Native;

namespace Quoin.Quic.Connections;

/// <summary>How a turn of writing has ended.</summary>
internal enum WriteResult
{
    /// <summary>Everything is written that congestion control lets go now; a timer says when to go on.</summary>
    Done,

    /// <summary>The kernel takes no more.</summary>
    Blocked,

    /// <summary>Others have their turn; there is more.</summary>
    Yielded,

    /// <summary>The connection has to be closed.</summary>
    Failed,
}

/// <summary>
/// Turns what streams and datagrams have to send into packets, several small ones into one packet. The bytes are
/// encrypted right into the batch that goes to the kernel.
/// </summary>
internal sealed unsafe class ConnectionWriter(
    ConnectionHandle handle, ConnectionStreams streams, ConnectionDatagrams datagrams)
{
    /// <summary>Why it failed, in the library's numbering.</summary>
    public int Error { get; private set; }

    /// <param name="paced">
    /// False during the handshake: its few packets would be spaced by a round-trip time that is only assumed, which
    /// costs each new connection 20 ms. Amplification and congestion limits bound them.
    /// </param>
    public WriteResult Write(DatagramBatch batch, byte* path, ulong now, bool paced)
    {
        var connection = handle.Connection;
        var size = (int)Ngtcp2Connection.MaxSendPayload(connection);
        var quantum = (int)Math.Max(1, Ngtcp2Connection.SendQuantum(connection) / (nuint)size);
        var packets = 0;
        var info = default(NativePacketInfo);
        while (true)
        {
            var target = batch.Reserve(size);
            if (target is null)
            {
                return WriteResult.Blocked;
            }

            var length = WriteOne(connection, path, &info, target, size, now);
            if (length == NativeError.WriteMore)
            {
                continue;
            }

            if (length < 0)
            {
                Error = (int)length;
                return WriteResult.Failed;
            }

            if (length == 0)
            {
                if (packets > 0 && paced)
                {
                    Ngtcp2Connection.UpdateSendTime(connection, now);
                }

                return WriteResult.Done;
            }

            var route = (NativePath*)path;
            batch.Add((int)length, NativeAddress.From(route->Remote.Address, route->Remote.Length),
                NativeAddress.From(route->Local.Address, route->Local.Length), info.Ecn);
            packets++;
            if ((paced && packets >= quantum) || packets >= QuicLimits.PacketsPerTurn)
            {
                Ngtcp2Connection.UpdateSendTime(connection, now);
                return packets >= quantum ? WriteResult.Done : WriteResult.Yielded;
            }
        }
    }

    /// <summary>Bytes of a packet; 0: none may go; WriteMore: the packet has room for more.</summary>
    private nint WriteOne(nint connection, byte* path, NativePacketInfo* info, byte* target, int size, ulong now)
    {
        if (datagrams.TryPeek(out var datagram))
        {
            return WriteDatagram(connection, path, info, target, size, now, datagram);
        }

        var runs = stackalloc NativeBytes[QuicLimits.SendVectors];
        for (var turn = streams.ReadyCount; turn > 0 && streams.TryPeekReady(out var stream); turn--)
        {
            if (stream.State.Closed || stream.State.Blocked || stream.State.WriteEnded)
            {
                streams.Unqueue();
                continue;
            }

            var count = stream.Send.Peek(runs, QuicLimits.SendVectors, out var offered, out var end);
            if (count == 0 && !end)
            {
                streams.Unqueue();
                continue;
            }

            if (offered > 0 && Ngtcp2Connection.MaxDataLeft(connection) == 0)
            {
                // The peer's window of the connection is full; an end without bytes may still go.
                streams.Rotate();
                continue;
            }

            nint taken = -1;
            var flags = Ngtcp2Connection.WriteMoreFlag | (end ? Ngtcp2Connection.WriteEndFlag : 0);
            var length = Ngtcp2Connection.WriteStream(connection, path, 1, info, target, (nuint)size, &taken, flags,
                stream.Id, runs, (nuint)count, now);
            if (length == NativeError.StreamDataBlocked)
            {
                stream.State.Blocked = true;
                streams.Unqueue();
                continue;
            }

            if (length == NativeError.StreamShutWrite || length == NativeError.StreamNotFound)
            {
                stream.State.WriteEnded = true;
                stream.Send.Stop();
                streams.Unqueue();
                continue;
            }

            if (taken >= 0)
            {
                streams.Taken(stream, taken, end && taken == offered);
                if (length > 0)
                {
                    streams.Rotate();
                }
            }

            return length;
        }

        nint none = -1;
        return Ngtcp2Connection.WriteStream(connection, path, 1, info, target, (nuint)size, &none, 0, -1, null, 0, now);
    }

    private nint WriteDatagram(nint connection, byte* path, NativePacketInfo* info, byte* target, int size, ulong now,
        ReadOnlyMemory<byte> datagram)
    {
        fixed (byte* start = datagram.Span)
        {
            var accepted = 0;
            var run = new NativeBytes { Start = start, Length = (nuint)datagram.Length };
            var length = Ngtcp2Connection.WriteDatagram(connection, path, 1, info, target, (nuint)size, &accepted,
                Ngtcp2Connection.WriteMoreFlag, 0, &run, 1, now);
            var unwanted = length == NativeError.InvalidState || length == NativeError.InvalidArgument;
            if (accepted != 0 || unwanted)
            {
                datagrams.Taken();
            }

            // The packet under way is not lost by a datagram that does not go.
            return unwanted ? NativeError.WriteMore : length;
        }
    }
}
