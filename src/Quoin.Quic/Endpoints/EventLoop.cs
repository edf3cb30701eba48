using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;

namespace Quoin.Quic.Endpoints;

/// <summary>
/// One thread with one UDP socket, and the connections whose ids begin with its number. Each round it (1) sleeps until
/// there is something to do, (2) sends what the kernel did not take, (3) does what other threads have asked for,
/// (4) reads datagrams, (5) looks at timers, (6) lets each connection that has something new deliver and write, (7)
/// after a burst has its memory collected. Only <see cref="Post"/> and <see cref="Start"/> are for other threads.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private readonly UdpSocket _socket;
    private readonly DatagramBatch _batch;
    private readonly LoopWait _wait = new();
    private readonly ConcurrentQueue<ILoopWork> _work = new();
    private readonly Dictionary<ConnectionId, QuicConnection> _byId = [];
    private readonly HashSet<QuicConnection> _connections = [];
    private readonly TimerHeap<QuicConnection> _timers = new();
    private readonly PacketIntake _intake;
    private readonly byte* _path;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NativeAddress _bound;
    private readonly long _frequency;
    private readonly TimeProvider _time;
    private List<QuicConnection> _dirty = [];
    private List<QuicConnection> _turns = [];
    private Thread? _thread;
    private bool _stopping;

    public EventLoop(int index, UdpSocket socket, EndpointContext context)
    {
        (Index, _socket, Context, _time) = (index, socket, context, context.Time);
        _frequency = _time.TimestampFrequency;
        _batch = new DatagramBatch(socket);
        LocalEndPoint = socket.LocalEndPoint;
        _bound = NativeAddress.From(LocalEndPoint);
        Template = new ConnectionTemplate(context.Options, context.IsServer);
        _path = (byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(NativeLayout.PathStorageBytes);
        Now = ReadClock();
        _intake = new PacketIntake(this);
    }

    public int Index { get; }

    public EndpointContext Context { get; }

    public ConnectionTemplate Template { get; }

    public IPEndPoint LocalEndPoint { get; }

    /// <summary>The bound address as the system has it.</summary>
    public ref readonly NativeAddress Bound => ref _bound;

    /// <summary>Completes when the thread has ended and its memory is freed.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Nanoseconds on the clock of this round.</summary>
    public ulong Now { get; private set; }

    public ICollection<QuicConnection> Connections => _connections;

    public UdpSocket Socket => _socket;

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = $"quic {LocalEndPoint.Port}/{Index}" };
        _thread.Start();
    }

    /// <summary>
    /// Any thread: has something done on the loop's. After its end the caller does it, which finds all connections
    /// gone.
    /// </summary>
    public void Post(ILoopWork work)
    {
        _work.Enqueue(work);
        _wait.Wake();
        if (_ended.Task.IsCompleted)
        {
            WorkAfterEnd();
        }
    }

    /// <summary>Any thread: ends all connections with a code, and then the thread.</summary>
    public void Stop(long code) => Post(new LoopAction(() =>
    {
        foreach (var connection in _connections.ToArray())
        {
            connection.Stop(code);
        }

        _stopping = true;
    }));

    public void Dispose()
    {
        if (_thread is null)
        {
            FreeAll();
        }
    }

    public void AddDirty(QuicConnection connection) => _dirty.Add(connection);

    public void SetDeadline(QuicConnection connection, ulong deadline) => _timers.Set(connection, deadline);

    public void Add(QuicConnection connection) => _connections.Add(connection);

    public void Remove(QuicConnection connection)
    {
        _timers.Remove(connection);
        _connections.Remove(connection);
    }

    public void Map(ConnectionId id, QuicConnection connection) => _byId[id] = connection;

    public void Unmap(ConnectionId id) => _byId.Remove(id);

    public bool TryFind(ConnectionId id, [NotNullWhen(true)] out QuicConnection? found) =>
        _byId.TryGetValue(id, out found);

    /// <summary>A new id for a connection of this loop.</summary>
    public void NewConnectionId(Span<byte> id)
    {
        RandomNumberGenerator.Fill(id);
        id[0] = (byte)Index;
    }

    public void ResetTokenOf(ReadOnlySpan<byte> id, Span<byte> token)
    {
        var cid = NativeCid.From(id);
        fixed (byte* target = token, secret = Context.ResetKey)
        {
            _ = Ngtcp2.StatelessResetToken(target, secret, (nuint)Context.ResetKey.Length, &cid);
        }
    }

    /// <summary>An address as this loop's socket takes it.</summary>
    public NativeAddress AddressOf(IPEndPoint endpoint) => NativeAddress.From(
        _bound.Family == NativeAddress.Inet6
            && endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? new IPEndPoint(endpoint.Address.MapToIPv6(), endpoint.Port)
            : endpoint);

    /// <summary>Sends one packet by itself.</summary>
    public void Send(ReadOnlySpan<byte> packet, in NativeAddress remote, in NativeAddress local)
    {
        var target = _batch.Reserve(packet.Length);
        if (target is not null)
        {
            packet.CopyTo(new Span<byte>(target, packet.Length));
            _batch.Add(packet.Length, remote, local, 0);
        }
    }

    /// <summary>Writes what a connection has, before its close.</summary>
    public void WriteLast(QuicConnection connection) => connection.Turn(_batch, _path);

    public void Flush() => _batch.Flush();

    public int WriteClose(QuicConnection connection, NativeCloseError* error, byte* target, out NativeAddress remote,
        out NativeAddress local)
    {
        var info = default(NativePacketInfo);
        Ngtcp2.PathStorageZero(_path);
        var length = Ngtcp2Connection.WriteClose(connection.Handle.Connection, _path, 1, &info, target,
            QuicLimits.ClosePacketBytes, error, Now);
        var route = (NativePath*)_path;
        remote = NativeAddress.From(route->Remote.Address, route->Remote.Length);
        local = NativeAddress.From(route->Local.Address, route->Local.Length);
        return (int)length;
    }

    /// <summary>A datagram that another loop has read.</summary>
    public void Receive(byte* data, int length, in NativeAddress remote, in NativeAddress local, uint ecn) =>
        _intake.Receive(data, length, remote, local, ecn);

    /// <summary>Runs what waits for the end of a connection, elsewhere.</summary>
    public void CancelLater(CancellationTokenSource source) => ThreadPool.UnsafeQueueUserWorkItem(
        static state =>
        {
            try
            {
                state.source.Cancel();
            }
            catch (Exception e)
            {
                Log.CallbackFailed(state.Logger, e);
            }
        }, (source, Context.Logger), preferLocal: false);

    /// <summary>The loop has died: what can be ended is, so that nobody waits for ever.</summary>
    private void StopAll()
    {
        foreach (var connection in _connections.ToArray())
        {
            try
            {
                connection.Stop(0);
            }
            catch (Exception e)
            {
                Log.Fault(Context.Logger, connection.RemoteEndPoint, e);
            }
        }
    }

    private void WorkAfterEnd()
    {
        lock (_work)
        {
            DoWork();
        }
    }

    private void Run()
    {
        try
        {
            Ngtcp2.PathStorageZero(_path);
            while (!_stopping)
            {
                Round();
            }
        }
        catch (Exception e)
        {
            Log.LoopDied(Context.Logger, Index, LocalEndPoint, e);
            StopAll();
        }

        // Those that ask for something from now on are told that it has ended.
        FreeAll();
        _ended.TrySetResult();
        WorkAfterEnd();
    }

    private void Round()
    {
        Sleep();
        Now = ReadClock();
        if (_batch.IsBlocked)
        {
            _batch.Flush();
        }

        DoWork();
        for (var round = 0; round < QuicLimits.ReceiveRounds && ReadDatagrams() == QuicLimits.ReceiveMessages; round++)
        {
            Now = ReadClock();
        }

        while (_timers.TryTake(Now, out var connection))
        {
            connection.OnDeadline();
        }

        TakeTurns();
        _batch.Flush();
        if (Now >= Context.Burst.Due && Context.Burst.IsTime(Now, GC.GetTotalMemory(forceFullCollection: false)))
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
    }

    private void Sleep()
    {
        if (_dirty.Count > 0 && !_batch.IsBlocked)
        {
            return;
        }

        _wait.Announce();
        if (!_work.IsEmpty)
        {
            _wait.Revoke();
            return;
        }

        var now = ReadClock();
        var next = Math.Min(_timers.Next, Context.Burst.Due);
        _wait.Sleep(_socket.File, _batch.IsBlocked, next == ulong.MaxValue ? next : next <= now ? 0 : next - now);
    }

    private void DoWork()
    {
        // Not for ever: work can ask for work.
        for (var count = _work.Count; count > 0 && _work.TryDequeue(out var work); count--)
        {
            try
            {
                work.Run();
            }
            catch (Exception e)
            {
                // It is one connection's, or one caller's: the loop has others.
                Log.WorkFailed(Context.Logger, Index, e);
            }
        }
    }

    private int ReadDatagrams()
    {
        var count = _socket.Receive();
        for (var i = 0; i < count; i++)
        {
            var message = _socket.Message(i, _bound);
            for (var offset = 0; offset < message.Length; offset += message.SegmentLength)
            {
                _intake.Receive(message.Data + offset, Math.Min(message.SegmentLength, message.Length - offset),
                    message.Remote, message.Local, message.Ecn);
            }
        }

        return count;
    }

    private void TakeTurns()
    {
        (_turns, _dirty) = (_dirty, _turns);
        foreach (var connection in _turns)
        {
            connection.Turn(_batch, _path);
        }

        _turns.Clear();
    }

    private ulong ReadClock()
    {
        var stamp = (ulong)_time.GetTimestamp();
        return _frequency == 1_000_000_000 ? stamp : (ulong)((UInt128)stamp * 1_000_000_000 / (ulong)_frequency);
    }

    private void FreeAll()
    {
        _wait.Dispose();
        _socket.Dispose();
        _batch.Dispose();
        Template.Dispose();
        System.Runtime.InteropServices.NativeMemory.Free(_path);
    }
}
