using System.Buffers;
using System.Security.Cryptography;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;

namespace Quoin.Quic.Endpoints;

/// <summary>
/// Where a datagram goes: to its connection, to another loop, into a new connection, or nowhere, perhaps with an answer
/// that needs no connection (version negotiation, Retry, a refusal, a stateless reset). Those answers go to addresses
/// that nobody has proved, so they are never longer than what they answer and share one budget a second.
/// </summary>
internal sealed unsafe class PacketIntake(EventLoop loop)
{
    private const byte LongHeader = 0x80;
    private const byte RetryTokenMagic = 0xb6;
    private const byte AddressTokenMagic = 0x36;
    private const ulong ConnectionRefused = 2;
    private const ulong InvalidToken = 0xb;
    private const int SmallestFirstDatagram = 1200;
    private const int AnswerBytes = 512;
    private const ulong RetryTokenLifetime = 10_000_000_000;

    private readonly AnswerBudget _answers = new(QuicLimits.StatelessAnswersPerSecond, loop.Now);
    private readonly EndpointContext _context = loop.Context;

    public void Receive(byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        var ids = default(NativeVersionCid);
        var result = Ngtcp2.DecodeVersionCid(&ids, data, (nuint)length, QuicLimits.ConnectionIdBytes);
        if (result == NativeError.VersionNegotiation)
        {
            if (_context.IsServer && length >= SmallestFirstDatagram)
            {
                NegotiateVersion(ids, remote, local);
            }

            return;
        }

        if (result != 0 || ids.DestinationLength > ConnectionId.MaxBytes)
        {
            return;
        }

        var id = new ConnectionId(ids.DestinationId);
        if (loop.TryFind(id, out var connection))
        {
            connection.Receive(data, length, remote, local, ecn);
        }
        else if ((data[0] & LongHeader) == 0)
        {
            ReceiveUnknown(id, data, length, remote, local, ecn);
        }
        else if (_context.IsServer)
        {
            Accept(data, length, remote, local, ecn);
        }
    }

    /// <summary>A short header whose connection is not here: it is another loop's, or nobody's.</summary>
    private void ReceiveUnknown(
        ConnectionId id, byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        var owner = id.Span[0];
        if (owner != loop.Index && owner < _context.Loops.Count)
        {
            ForwardedDatagram.Post(_context.Loops[owner], new ReadOnlySpan<byte>(data, length), remote, local, ecn);
        }
        else if (!_context.IsServer)
        {
            // The peer's stateless reset bears no id of ours: only the connection can tell.
            foreach (var connection in loop.Connections.Where(c => c.IsOpen).ToArray())
            {
                if (connection.IsWith(remote))
                {
                    connection.Receive(data, length, remote, local, ecn);
                    return;
                }
            }
        }
        else if (length >= QuicLimits.SmallestResetCause && _answers.TryTake(loop.Now))
        {
            Reset(id, length, remote, local);
        }
    }

    private void Accept(byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        var header = default(NativePacketHeader);
        if (Ngtcp2.Accept(&header, data, (nuint)length) != 0 || _context.IsStopping)
        {
            return;
        }

        if (_context.IsFull)
        {
            Refuse(header, ConnectionRefused, remote, local);
            return;
        }

        var original = header.Destination;
        var proof = ProofOf(header.Token);
        if (proof == AddressProof.Retry && !VerifyRetry(header, remote, out original))
        {
            Refuse(header, InvalidToken, remote, local);
            return;
        }

        if (proof == AddressProof.EarlierConnection && !VerifyToken(header.Token, remote))
        {
            // As if there were none (RFC 9000, 8.1.3).
            proof = AddressProof.None;
        }

        if (proof == AddressProof.None && _context.NeedsRetry)
        {
            Retry(header, remote, local);
            return;
        }

        var connection = QuicConnection.Accept(loop, header, original, proof, local, remote);
        connection?.Receive(data, length, remote, local, ecn);
    }

    private void NegotiateVersion(in NativeVersionCid ids, in NativeAddress remote, in NativeAddress local)
    {
        if (!_answers.TryTake(loop.Now))
        {
            return;
        }

        var packet = stackalloc byte[AnswerBytes];
        var version = Ngtcp2.QuicVersion1;
        var length = Ngtcp2.WriteVersionNegotiation(packet, AnswerBytes, (byte)RandomNumberGenerator.GetInt32(256),
            ids.Source, ids.SourceLength, ids.Destination, ids.DestinationLength, &version, 1);
        Answer(packet, length, remote, local);
    }

    private void Retry(NativePacketHeader header, in NativeAddress remote, in NativeAddress local)
    {
        if (!_answers.TryTake(loop.Now))
        {
            return;
        }

        var source = new NativeCid { Length = QuicLimits.ConnectionIdBytes };
        loop.NewConnectionId(source.Span);
        var token = stackalloc byte[AnswerBytes];
        var packet = stackalloc byte[AnswerBytes];
        nint length;
        fixed (byte* key = _context.RetryKey, address = remote.Bytes)
        {
            length = Ngtcp2.GenerateRetryToken(token, key, (nuint)_context.RetryKey.Length, header.Version, address,
                remote.Length, &source, &header.Destination, _context.WallClock());
        }

        if (length > 0)
        {
            length = Ngtcp2.WriteRetry(packet, AnswerBytes, header.Version, &header.Source, &source,
                &header.Destination, token, (nuint)length);
            Answer(packet, length, remote, local);
        }
    }

    private bool VerifyRetry(NativePacketHeader header, in NativeAddress remote, out NativeCid original)
    {
        NativeCid found;
        fixed (byte* key = _context.RetryKey, address = remote.Bytes)
        {
            var result = Ngtcp2.VerifyRetryToken(&found, header.Token.Start, header.Token.Length, key,
                (nuint)_context.RetryKey.Length, header.Version, address, remote.Length, &header.Destination,
                RetryTokenLifetime, _context.WallClock());
            original = found;
            return result == 0;
        }
    }

    private static AddressProof ProofOf(NativeBytes token) => (token.Length > 0 ? *token.Start : 0) switch
    {
        RetryTokenMagic => AddressProof.Retry,
        AddressTokenMagic => AddressProof.EarlierConnection,
        _ => AddressProof.None,
    };

    private bool VerifyToken(NativeBytes token, in NativeAddress remote)
    {
        fixed (byte* key = _context.RetryKey, address = remote.Bytes)
        {
            return Ngtcp2.VerifyAddressToken(token.Start, token.Length, key, (nuint)_context.RetryKey.Length, address,
                remote.Length, QuicLimits.AddressTokenNanoseconds, _context.WallClock()) == 0;
        }
    }

    private void Refuse(NativePacketHeader header, ulong code, in NativeAddress remote, in NativeAddress local)
    {
        if (_answers.TryTake(loop.Now))
        {
            var packet = stackalloc byte[AnswerBytes];
            var length = Ngtcp2.WriteConnectionClose(packet, AnswerBytes, header.Version, &header.Source,
                &header.Destination, code, null, 0);
            Answer(packet, length, remote, local);
        }
    }

    private void Reset(ConnectionId id, int cause, in NativeAddress remote, in NativeAddress local)
    {
        // Always shorter than its cause, so that two ends that know nothing do not answer each other for ever.
        var random = stackalloc byte[QuicLimits.SmallestResetCause];
        var randomLength = Math.Min(cause - 1, QuicLimits.SmallestResetCause - 1) - Ngtcp2.StatelessResetTokenBytes;
        RandomNumberGenerator.Fill(new Span<byte>(random, randomLength));
        var token = stackalloc byte[Ngtcp2.StatelessResetTokenBytes];
        loop.ResetTokenOf(id.Span, new Span<byte>(token, Ngtcp2.StatelessResetTokenBytes));
        var packet = stackalloc byte[AnswerBytes];
        Answer(packet, Ngtcp2.WriteStatelessReset(packet, AnswerBytes, token, random, (nuint)randomLength), remote,
            local);
    }

    private void Answer(byte* packet, nint length, in NativeAddress remote, in NativeAddress local)
    {
        if (length > 0)
        {
            loop.Send(new ReadOnlySpan<byte>(packet, (int)length), remote, local);
        }
    }
}
