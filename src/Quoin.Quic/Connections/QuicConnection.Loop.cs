using Quoin.Quic.Connections;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;
using Quoin.Quic.Streams;

namespace Quoin.Quic;

/// <summary>The loop's half: packets in, packets out, timers, the end. Only the loop's thread comes here.</summary>
public sealed partial class QuicConnection : ITimed
{
    /// <summary>INTERNAL_ERROR (RFC 9000, 20.1).</summary>
    private const long InternalError = 1;
    private const byte LongHeader = 0x80;
    private const byte NoCertificateAlert = 116;
    private const byte NoProtocolAlert = 120;

    private readonly ConnectionHandle _handle;
    private readonly ConnectionStreams _streams;
    private readonly ConnectionDatagrams _datagrams = new();
    private readonly ConnectionWriter _writer;
    private readonly ILoopWork _dirtyWork;
    private readonly List<ConnectionId> _ids = [];
    private byte[]? _closePacket;
    private NativeAddress _closeRemote;
    private NativeAddress _closeLocal;
    private ConnectionId? _usedId;
    private int _packetsWhileClosing;
    private long _packetsReceived;
    private bool _dirty;
    private Phase _phase;

    internal QuicConnection(EventLoop loop, in NativeAddress local, in NativeAddress remote)
    {
        Loop = loop;
        (LocalEndPoint, RemoteEndPoint) = (local.ToEndPoint(), remote.ToEndPoint());
        _handle = new ConnectionHandle(this);
        _streams = new ConnectionStreams(this, _handle);
        _writer = new ConnectionWriter(_handle, _streams, _datagrams);
        _hello = new ClientHelloWait(this, _handle);
        _dirtyWork = new LoopAction(MarkDirty);

        // Where nobody asks how the handshake went, its failure is no unobserved exception.
        _ = _handshake.Task.Exception;
        loop.Context.CountConnection(1);
        loop.Context.CountHandshake(1);
    }

    private enum Phase
    {
        /// <summary>Packets are exchanged.</summary>
        Open,

        /// <summary>A close was sent, and is sent again to a peer that has not heard it.</summary>
        Closing,

        /// <summary>The peer has closed: nothing is sent.</summary>
        Draining,

        /// <summary>Native memory is gone.</summary>
        Gone,
    }

    ulong ITimed.Deadline { get; set; } = ulong.MaxValue;

    int ITimed.HeapIndex { get; set; } = -1;

    internal EventLoop Loop { get; }

    internal EndpointContext Context => Loop.Context;

    internal ConnectionHandle Handle => _handle;

    internal bool IsOpen => _phase == Phase.Open;

    /// <summary>Loop: it has something to write, or timers have moved.</summary>
    internal void MarkDirty()
    {
        if (!_dirty && _phase == Phase.Open)
        {
            _dirty = true;
            Loop.AddDirty(this);
        }
    }

    internal void Apply(QuicStream stream, StreamSignals signals, long readCode, long writeCode) =>
        _streams.Apply(stream, signals, readCode, writeCode);

    internal void Open(OpenRequest request)
    {
        if (_phase == Phase.Open)
        {
            _streams.Open(request);
        }
        else
        {
            request.TryFail(CloseReason!);
        }
    }

    internal void Map(ConnectionId id)
    {
        _ids.Add(id);
        Loop.Map(id, this);
    }

    /// <summary>A datagram for it has come.</summary>
    internal unsafe void Receive(byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        _packetsReceived++;
        if (!Context.Options.ActiveMigration && IsActiveMigration(data, length, remote))
        {
            return;
        }

        if (_phase != Phase.Open)
        {
            AnswerWhileClosing();
            return;
        }

        try
        {
            Read(data, length, remote, local, ecn);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>
    /// A client that has been told to stay moves all the same: its packet comes from another address and with another
    /// id (RFC 9000, 9). With the same id its router has changed the address, which it cannot help.
    /// </summary>
    private unsafe bool IsActiveMigration(byte* data, int length, in NativeAddress remote)
    {
        if (_phase != Phase.Open || !Context.IsServer || (data[0] & LongHeader) != 0
            || length <= QuicLimits.ConnectionIdBytes)
        {
            return false;
        }

        var id = new ConnectionId(new ReadOnlySpan<byte>(data + 1, QuicLimits.ConnectionIdBytes));
        if (IsWith(remote))
        {
            _usedId = id;
            return false;
        }

        return _usedId is { } used && !used.Equals(id);
    }

    private unsafe void Read(byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        int result;
        fixed (byte* localBytes = local.Bytes, remoteBytes = remote.Bytes)
        {
            var path = new NativePath
            {
                Local = new() { Address = localBytes, Length = local.Length },
                Remote = new() { Address = remoteBytes, Length = remote.Length },
            };
            var info = new NativePacketInfo { Ecn = ecn };
            result = Ngtcp2Connection.Read(_handle.Connection, &path, 1, &info, data, (nuint)length, Loop.Now);
        }

        if (result == 0)
        {
            MarkDirty();
        }
        else
        {
            End(result);
        }
    }

    /// <summary>Its deadline has come.</summary>
    internal void OnDeadline()
    {
        if (_phase is Phase.Closing or Phase.Draining)
        {
            Free();
            return;
        }

        try
        {
            _streams.Trim(Loop.Now);
            var result = Ngtcp2Connection.HandleExpiry(_handle.Connection, Loop.Now);
            if (result == 0)
            {
                MarkDirty();
            }
            else
            {
                End(result);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Wakes readers, writes what may be written, sets the timer. False: the kernel takes no more.</summary>
    internal unsafe bool Turn(DatagramBatch batch, byte* path)
    {
        _dirty = false;
        if (_phase != Phase.Open)
        {
            return true;
        }

        try
        {
            return Write(batch, path);
        }
        catch (Exception e)
        {
            Fail(e);
            return true;
        }
    }

    private unsafe bool Write(DatagramBatch batch, byte* path)
    {
        var completed = _handshake.Task.IsCompleted;
        _streams.Deliver(completed);
        var result = _writer.Write(batch, path, Loop.Now, paced: completed);
        switch (result)
        {
            case WriteResult.Failed:
                End(_writer.Error);
                return true;
            case WriteResult.Blocked or WriteResult.Yielded:
                MarkDirty();
                break;
            default:
                break;
        }

        Loop.SetDeadline(this, Math.Min(Ngtcp2Connection.Expiry(_handle.Connection), _streams.TrimAt));
        return result != WriteResult.Blocked;
    }

    /// <summary>The handshake cannot go on for want of a certificate.</summary>
    /// <param name="result">The library's error.</param>
    internal void FailHandshake(int result) => End(result);

    /// <summary>The endpoint stops: no farewells are waited for.</summary>
    internal void Stop(long code)
    {
        CloseByApplication(code);
        Loop.Flush();
        Free();
    }

    internal unsafe void CloseByApplication(long code)
    {
        if (_phase != Phase.Open)
        {
            return;
        }

        Loop.WriteLast(this);
        if (_phase != Phase.Open)
        {
            // Writing has ended it.
            return;
        }

        var error = default(NativeCloseError);
        Ngtcp2.SetApplicationError(&error, (ulong)code);
        SendClose(&error, new QuicException(QuicEnd.Local, code, $"the connection was closed here ({code})"));
    }

    private unsafe void CloseWithAlert(byte alert, string reason)
    {
        if (_phase == Phase.Open)
        {
            var error = default(NativeCloseError);
            Ngtcp2.SetTlsAlert(&error, alert);
            SendClose(&error, new QuicException(QuicEnd.Transport, 0x100 + alert, reason));
        }
    }

    /// <summary>The library says that it cannot go on.</summary>
    private unsafe void End(int result)
    {
        if (_phase != Phase.Open)
        {
            return;
        }

        if (_reset)
        {
            Leave(Phase.Gone, new QuicException(QuicEnd.StatelessReset, 0, "the peer does not know the connection"));
        }
        else if (result == NativeError.Draining)
        {
            var (application, code) = Ngtcp2Connection.CloseReason(_handle.Connection);
            Leave(Phase.Draining, new QuicException(application ? QuicEnd.Peer : QuicEnd.PeerTransport, (long)code,
                $"the peer has closed the connection ({(application ? "application" : "transport")} code {code:x})"));
        }
        else if (result == NativeError.IdleClose)
        {
            Leave(Phase.Gone, new QuicException(QuicEnd.IdleTimeout, 0, "nothing has come for the idle timeout"));
        }
        else if (result == NativeError.HandshakeTimeout)
        {
            Leave(Phase.Gone, new QuicException(QuicEnd.HandshakeTimeout, 0, "the handshake took too long"));
        }
        else if (result == NativeError.DropConnection || result == NativeError.Retry)
        {
            Leave(Phase.Gone, new QuicException(QuicEnd.Transport, 0, "the first packet was none"));
        }
        else if (result == NativeError.RecvVersionNegotiation)
        {
            Leave(Phase.Gone, new QuicException(QuicEnd.VersionNegotiation, 0, "no common version of QUIC"));
        }
        else
        {
            var error = default(NativeCloseError);
            if (result == NativeError.Crypto)
            {
                Ngtcp2.SetTlsAlert(&error, _hello.Alert ?? Ngtcp2Connection.TlsAlert(_handle.Connection));
            }
            else
            {
                Ngtcp2.SetTransportError(&error, result);
            }

            SendClose(&error, new QuicException(QuicEnd.Transport, (long)error.Code,
                $"{_rejection ?? Ngtcp2.Describe(result)} (code {error.Code:x})"));
        }
    }

    private unsafe void SendClose(NativeCloseError* error, QuicException reason)
    {
        var packet = stackalloc byte[QuicLimits.ClosePacketBytes];
        var length = Loop.WriteClose(this, error, packet, out _closeRemote, out _closeLocal);
        if (length > 0)
        {
            _closePacket = new ReadOnlySpan<byte>(packet, length).ToArray();
            Loop.Send(_closePacket, _closeRemote, _closeLocal);
        }

        Leave(length > 0 ? Phase.Closing : Phase.Gone, reason);
    }

    /// <summary>
    /// A fault of ours in this connection ends it and no other. The peer is not told: the connection is unknown from
    /// now on, which it learns by a stateless reset.
    /// </summary>
    private void Fail(Exception fault)
    {
        Log.Fault(Context.Logger, RemoteEndPoint, fault);
        var reason = new QuicException(QuicEnd.Transport, InternalError, "a fault has ended the connection");
        try
        {
            if (_phase == Phase.Open)
            {
                Leave(Phase.Gone, reason);
            }
        }
        catch (Exception e)
        {
            // What failed may fail again: whoever waits is told at least.
            Log.Fault(Context.Logger, RemoteEndPoint, e);
            _handshake.TrySetException(reason);
            _connected?.TrySetException(reason);
            _closed.TrySetResult();
            FreeNow();
        }
    }

    private void AnswerWhileClosing()
    {
        // At the 1st, 2nd, 4th, 8th… packet, so that two ends that close do not keep each other busy.
        if (_phase == Phase.Closing && System.Numerics.BitOperations.IsPow2(++_packetsWhileClosing)
            && _packetsWhileClosing < 1 << QuicLimits.CloseAnswers)
        {
            Loop.Send(_closePacket!, _closeRemote, _closeLocal);
        }
    }

    private void Leave(Phase phase, QuicException reason)
    {
        // The library's time for late packets: three probe timeouts (RFC 9000, 10.2).
        var linger = 3 * Ngtcp2Connection.ProbeTimeout(_handle.Connection);
        var completed = _handshake.Task.IsCompleted;
        _phase = phase;
        CloseReason = reason;
        Context.CountConnection(-1);
        if (!completed)
        {
            Context.CountHandshake(-1);
        }

        Log.ConnectionEnded(Context.Logger, RemoteEndPoint, reason.End, reason.Message);
        _streams.Deliver(completed);
        _streams.CloseAll(reason);
        _datagrams.Close(reason);
        _handshake.TrySetException(reason);
        _ = _handshake.Task.Exception;
        _connected?.TrySetException(reason);
        _closed.TrySetResult();
        Loop.CancelLater(_closing);
        if (phase == Phase.Gone)
        {
            FreeNow();
        }
        else
        {
            Loop.SetDeadline(this, Loop.Now + linger);
        }
    }

    private void Free()
    {
        if (_phase != Phase.Gone)
        {
            _phase = Phase.Gone;
            FreeNow();
        }
    }

    // Never from inside a callback of the library: it would come back to freed memory. Leave is called after its calls.
    private void FreeNow()
    {
        Loop.Remove(this);
        foreach (var id in _ids)
        {
            Loop.Unmap(id);
        }

        _ids.Clear();
        _handle.Free();
        _streams.ReleaseAll();
        _hello.Release();
        _clientCredentials?.Release();
        _clientCredentials = null;
        _closePacket = null;
        _qlog?.Dispose();
    }

    private void CreditConsumed()
    {
        Interlocked.Exchange(ref _consumed, 0);
        _streams.CreditAll();
    }

    private unsafe QuicStatistics? ReadStatistics()
    {
        if (_phase != Phase.Open)
        {
            return null;
        }

        var block = stackalloc byte[NativeLayout.StatisticsBytes];
        Ngtcp2Connection.Statistics(_handle.Connection, block);
        var layout = QuicLibrary.Layout;
        var threshold = *(ulong*)(block + layout.StatisticsSlowStartThreshold);
        return new QuicStatistics
        {
            RoundTrip = Time(*(ulong*)(block + layout.StatisticsSmoothedRtt)),
            MinRoundTrip = Time(*(ulong*)(block + 8)),
            CongestionWindow = (long)*(ulong*)(block + layout.StatisticsCongestionWindow),
            SlowStartThreshold = threshold > long.MaxValue ? null : (long)threshold,
            BytesInFlight = (long)*(ulong*)(block + layout.StatisticsBytesInFlight),
            UdpPayload = (int)Ngtcp2Connection.PathSendPayload(_handle.Connection),
            PacketsReceived = _packetsReceived,
            Streams = _streams.Count,
        };

        static TimeSpan Time(ulong nanoseconds) =>
            nanoseconds > long.MaxValue ? TimeSpan.Zero : TimeSpan.FromTicks((long)nanoseconds / 100);
    }

    private void InitiateKeyUpdate()
    {
        if (_phase == Phase.Open)
        {
            _ = Ngtcp2Connection.InitiateKeyUpdate(_handle.Connection, Loop.Now);
            MarkDirty();
        }
    }
}
