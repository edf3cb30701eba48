using System.Text;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Http.WebSockets;

/// <summary>What an <see cref="Outbox"/> tells its connection.</summary>
internal interface IOutboxOwner
{
    /// <summary>A write began and waits for the peer.</summary>
    void WriteWaits();

    /// <summary>It ended.</summary>
    void WriteEnded();

    /// <summary>A write failed: the peer is gone.</summary>
    void WriteFailed();
}

/// <summary>
/// Frames on their way to the peer, whole and in order. A frame is put into a buffer; whoever puts one there while no
/// write is under way begins to write, and writes on until the buffer is empty. So frames that come while the peer is
/// slow go out together, and nobody waits for a write but those that found the buffer full. Within a batch window the
/// write begins later.
/// </summary>
internal sealed class Outbox : IAsyncDisposable
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private readonly WebSocketOptions _options;
    private readonly IOutboxOwner _owner;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ITimer? _window;
    private PooledBytes _buffer = new();
    private PooledBytes _writing = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _idle;
    private byte[]? _pong;
    private int _queueing;
    private int _batched;
    private bool _isWriting;
    private bool _closed;
    private bool _failed;

    public Outbox(Stream stream, WebSocketOptions options, TimeProvider time, IOutboxOwner owner)
    {
        (_stream, _options, _owner) = (stream, options, owner);
        if (options.BatchWindow > TimeSpan.Zero)
        {
            _window = time.CreateTimer(
                static outbox => ((Outbox)outbox!).Begin(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A close was put in, or the connection is gone.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary>Takes a message of one frame if there is room for it now and nobody waits before it.</summary>
    /// <exception cref="WebSocketClosedException"/>
    public bool TrySend(Opcode opcode, ReadOnlySpan<byte> payload, bool compressed) =>
        payload.Length <= WebSocketLimits.FragmentBytes && TrySendWhole(opcode, payload, compressed);

    /// <summary>The same with a message of any length, in as many frames as it takes.</summary>
    /// <exception cref="WebSocketClosedException"/>
    public bool TrySendWhole(Opcode opcode, ReadOnlySpan<byte> payload, bool compressed)
    {
        bool write;
        lock (_lock)
        {
            if (!CanTake(payload.Length))
            {
                return false;
            }

            while (payload.Length > WebSocketLimits.FragmentBytes)
            {
                payload[..WebSocketLimits.FragmentBytes].CopyTo(
                    Frame(opcode, final: false, compressed, WebSocketLimits.FragmentBytes));
                payload = payload[WebSocketLimits.FragmentBytes..];
                (opcode, compressed) = (Opcode.Continuation, false);
            }

            payload.CopyTo(Frame(opcode, final: true, compressed, payload.Length));
            write = CountMessage();
        }

        if (write)
        {
            Begin();
        }

        return true;
    }

    /// <summary>The same for a text, which is encoded in its place.</summary>
    /// <exception cref="WebSocketClosedException"/>
    /// <exception cref="EncoderFallbackException">It has half a surrogate pair.</exception>
    public bool TrySend(string text)
    {
        var length = Strict.GetByteCount(text);
        bool write;
        lock (_lock)
        {
            if (length > WebSocketLimits.FragmentBytes || !CanTake(length))
            {
                return false;
            }

            Strict.GetBytes(text, Frame(Opcode.Text, final: true, compressed: false, length));
            write = CountMessage();
        }

        if (write)
        {
            Begin();
        }

        return true;
    }

    /// <summary>Waits for its turn and for room, frame by frame.</summary>
    /// <param name="cancellationToken">Looked at before the first frame: half a message ends no other way.</param>
    /// <exception cref="WebSocketClosedException"/>
    public async Task SendAsync(
        Opcode opcode, ReadOnlyMemory<byte> payload, bool compressed, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _queueing);
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                var at = 0;
                do
                {
                    var length = Math.Min(payload.Length - at, WebSocketLimits.FragmentBytes);
                    var frame = payload.Slice(at, length);
                    var room = Put(opcode, frame.Span, at + length == payload.Length, compressed);
                    if (room is not null)
                    {
                        await room.WaitAsync(at == 0 ? cancellationToken : CancellationToken.None);
                        continue;
                    }

                    at += length;
                    (opcode, compressed) = (Opcode.Continuation, false);
                    if (at == payload.Length)
                    {
                        return;
                    }
                }
                while (true);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _queueing);
        }
    }

    public void Ping()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            Frame(Opcode.Ping, final: true, compressed: false, 0);
        }

        Begin();
    }

    /// <summary>Only the last ping has to be answered (RFC 6455 §5.5.3): a flood makes no heap.</summary>
    public void Pong(ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            if (_isWriting)
            {
                _pong = payload.ToArray();
                return;
            }

            payload.CopyTo(Frame(Opcode.Pong, final: true, compressed: false, payload.Length));
        }

        Begin();
    }

    /// <summary>Puts the close in, after which nothing goes out. Returns false when there was one before.</summary>
    public bool Close(WebSocketCloseCode code, string reason)
    {
        TaskCompletionSource? room;
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            Span<byte> payload = stackalloc byte[WebSocketLimits.ControlBytes];
            var length = CloseFrame.Write(payload, code, reason);
            payload[..length].CopyTo(Frame(Opcode.Close, final: true, compressed: false, length));
            _closed = true;
            (room, _room) = (_room, null);
        }

        room?.SetResult();
        Begin();
        return true;
    }

    /// <summary>The connection is gone: nothing goes out any more.</summary>
    public void Fail()
    {
        TaskCompletionSource? room;
        lock (_lock)
        {
            _closed = _failed = true;
            (room, _room) = (_room, null);
        }

        room?.SetResult();
    }

    /// <summary>Until all that was put in has been written, or cannot be.</summary>
    public Task FlushAsync()
    {
        Begin();
        lock (_lock)
        {
            if (!_isWriting)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_window is not null)
        {
            await _window.DisposeAsync();
        }

        await FlushAsync();
        Fail();
        _buffer.Dispose();
        _writing.Dispose();
    }

    /// <summary>Null: it was put in; else what to wait for.</summary>
    private Task? Put(Opcode opcode, ReadOnlySpan<byte> payload, bool final, bool compressed)
    {
        Task? room = null;
        bool write;
        lock (_lock)
        {
            ThrowIfClosed();
            if (HasRoom(payload.Length))
            {
                payload.CopyTo(Frame(opcode, final, compressed, payload.Length));
                write = !final || CountMessage();
            }
            else
            {
                // What fills the buffer may be a batch, whose window is over by that.
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                (room, write) = (_room.Task, true);
            }
        }

        if (write)
        {
            Begin();
        }

        return room;
    }

    private bool CanTake(int length)
    {
        ThrowIfClosed();
        return Volatile.Read(ref _queueing) == 0 && HasRoom(length);
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw new WebSocketClosedException();
        }
    }

    private bool HasRoom(int length)
    {
        var queued = (long)_buffer.Count + _writing.Count;
        return queued == 0 || queued + length <= _options.SendQueueSize;
    }

    /// <summary>Writes a frame's header and returns where its payload goes.</summary>
    private Span<byte> Frame(Opcode opcode, bool final, bool compressed, int length)
    {
        FrameHeader.Write(_buffer.Add(FrameHeader.SizeOf(length)), opcode, final, compressed, length);
        return length == 0 ? default : _buffer.Add(length);
    }

    /// <summary>Whether it is time to write: at once without a window, else for enough of them.</summary>
    private bool CountMessage()
    {
        if (_isWriting)
        {
            return false;
        }

        _batched++;
        if (_window is null || _batched >= _options.BatchMax || _buffer.Count >= WebSocketLimits.BatchBytes)
        {
            return true;
        }

        if (_batched == 1)
        {
            _window.Change(_options.BatchWindow, Timeout.InfiniteTimeSpan);
        }

        return false;
    }

    /// <summary>
    /// Begins to write if nobody does. It goes on by itself when the peer is slow: <see cref="FlushAsync"/> waits for
    /// it, and the connection ends it by breaking off.
    /// </summary>
    private void Begin()
    {
        lock (_lock)
        {
            if (_isWriting || _buffer.Count == 0)
            {
                return;
            }

            _isWriting = true;
        }

        _ = WriteAsync();
    }

    private async Task WriteAsync()
    {
        while (TakeBuffer())
        {
            try
            {
                var write = _stream.WriteAsync(_writing.Memory, CancellationToken.None);
                if (write.IsCompletedSuccessfully)
                {
                    continue;
                }

                _owner.WriteWaits();
                await write;
                _owner.WriteEnded();
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException
                or InvalidOperationException)
            {
                Fail();
                _owner.WriteFailed();
            }
        }
    }

    /// <summary>Exchanges the buffers; false: all is written.</summary>
    private bool TakeBuffer()
    {
        TaskCompletionSource? room = null, idle = null;
        bool more;
        lock (_lock)
        {
            _writing.Dispose();
            if (_pong is not null && !_closed)
            {
                _pong.CopyTo(Frame(Opcode.Pong, final: true, compressed: false, _pong.Length));
            }

            (_pong, _batched) = (null, 0);
            if (_failed)
            {
                _buffer.Dispose();
            }

            (_buffer, _writing) = (_writing, _buffer);
            _isWriting = more = _writing.Count > 0;
            (room, _room) = (_room, null);
            if (!more)
            {
                (idle, _idle) = (_idle, null);
            }
        }

        room?.SetResult();
        idle?.SetResult();
        return more;
    }
}
