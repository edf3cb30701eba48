using System.Threading.Tasks.Sources;

namespace Quoin.Http.WebSockets;

/// <summary>
/// Messages between the one that reads the connection and the handler. The handler goes on on the reader's own thread,
/// which spares a change of threads with each message: as long as it does not wait, nothing is read for it either.
/// </summary>
internal sealed class Inbox(int mostBytes) : IValueTaskSource
{
    private readonly Lock _lock = new();
    private readonly Queue<(byte[] Array, int Count, bool IsText)> _messages = new(1);
    private ManualResetValueTaskSourceCore<bool> _wait;
    private TaskCompletionSource? _room;
    private long _bytes;
    private bool _waiting;
    private bool _woken;
    private bool _ended;
    private bool _refusing;
    private bool _handling;
    private TaskCompletionSource? _dealtWith;

    /// <summary>False: wait for <see cref="RoomAsync"/> before adding more.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return _refusing || (_messages.Count < WebSocketLimits.WaitingMessages && _bytes <= mostBytes);
            }
        }
    }

    /// <summary>Gives the array back when the message comes too late.</summary>
    public void Add((byte[] Array, int Count) message, bool isText)
    {
        bool wake;
        lock (_lock)
        {
            if (_refusing || _ended)
            {
                PooledBytes.Return(message.Array);
                return;
            }

            _messages.Enqueue((message.Array, message.Count, isText));
            _bytes += message.Count;
            (wake, _waiting) = (_waiting, false);
        }

        if (wake)
        {
            _wait.SetResult(true);
        }
    }

    /// <summary>No message is added any more; those that wait can be taken.</summary>
    public void Refuse()
    {
        TaskCompletionSource? room, dealtWith;
        lock (_lock)
        {
            _refusing = true;
            (room, _room) = (_room, null);
            (dealtWith, _dealtWith) = (_dealtWith, null);
        }

        room?.SetResult();
        dealtWith?.SetResult();
    }

    /// <summary>Nothing more will come.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
        }

        Wake();
    }

    /// <summary>Ends the wait, or the next one, so that the one who waits can see why.</summary>
    public void Wake()
    {
        bool wake;
        lock (_lock)
        {
            (wake, _waiting) = (_waiting, false);
            _woken = !wake;
        }

        if (wake)
        {
            _wait.SetResult(true);
        }
    }

    /// <summary>False: there is none now, and <paramref name="ended"/> says whether there will be.</summary>
    public bool TryTake(out (byte[] Array, int Count, bool IsText) message, out bool ended)
    {
        TaskCompletionSource? room = null, dealtWith = null;
        bool taken;
        lock (_lock)
        {
            ended = _ended;
            taken = _handling = _messages.TryDequeue(out message);
            if (taken)
            {
                _bytes -= message.Count;
                (room, _room) = (_room, null);
            }
            else
            {
                (dealtWith, _dealtWith) = (_dealtWith, null);
            }
        }

        room?.SetResult();
        dealtWith?.SetResult();
        return taken;
    }

    /// <summary>Until there may be a message or the end. One waits at a time.</summary>
    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_messages.Count > 0 || _ended || _woken)
            {
                _woken = false;
                return ValueTask.CompletedTask;
            }

            _wait.Reset();
            _waiting = true;
            return new ValueTask(this, _wait.Version);
        }
    }

    /// <summary>Until the handler has taken every message and asks for more, or wants none.</summary>
    public Task DealtWithAsync()
    {
        lock (_lock)
        {
            if (_refusing || (_messages.Count == 0 && !_handling))
            {
                return Task.CompletedTask;
            }

            _dealtWith ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _dealtWith.Task;
        }
    }

    /// <summary>Until there may be room.</summary>
    public Task RoomAsync()
    {
        lock (_lock)
        {
            if (_refusing || (_messages.Count < WebSocketLimits.WaitingMessages && _bytes <= mostBytes))
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);
}
