using System.Buffers;
using System.IO.Pipelines;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Streams;

namespace Quoin.Quic;

/// <summary>
/// A stream of a connection: bytes in by <see cref="Input"/>, bytes out by <see cref="Output"/>. Completing the output
/// ends this side; both ends end it for good. It is given back with <see cref="DisposeAsync"/>, which aborts what is
/// still open. One reader and one writer at a time.
/// </summary>
public sealed class QuicStream : IDuplexPipe, IAsyncDisposable, ILoopWork
{
    private readonly Pipe _pipe;
    private readonly CreditReader _input;
    private int _signals;
    private long _abortReadCode;
    private long _abortWriteCode;
    private TaskCompletionSource? _closed;
    private volatile bool _isClosed;

    /// <param name="input">What <see cref="InputOptions"/> has made.</param>
    internal QuicStream(QuicConnection connection, PipeOptions input)
    {
        Connection = connection;
        _pipe = new Pipe(input);
        _input = new CreditReader(this, _pipe);
        Send = new SendBuffer(this);
    }

    /// <summary>Its number (RFC 9000, 2.1).</summary>
    public long Id { get; private set; }

    /// <summary>The peer may send on it.</summary>
    public bool CanRead { get; private set; }

    /// <summary>This side may send on it.</summary>
    public bool CanWrite { get; private set; }

    /// <summary>Some of what was read so far came in early data (0-RTT): it may be a replay.</summary>
    public bool ReceivedEarlyData { get; internal set; }

    /// <summary>What the peer sends. A reset by the peer fails reads with a <see cref="QuicException"/>.</summary>
    public PipeReader Input => _input;

    /// <summary>What is sent to the peer. When it wants no more, flushes say that it is completed.</summary>
    public PipeWriter Output => Send;

    /// <summary>
    /// The code with which the peer has reset the stream; that with which it wants no more of it (STOP_SENDING) is
    /// known when it is closed. Null: neither.
    /// </summary>
    public long? PeerErrorCode { get; internal set; }

    /// <summary>
    /// Completes when both sides have ended and the peer has everything, or the connection has ended. It never fails.
    /// </summary>
    public Task Closed
    {
        get
        {
            if (_isClosed)
            {
                return Task.CompletedTask;
            }

            var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var closed = Interlocked.CompareExchange(ref _closed, made, null) ?? made;
            if (_isClosed)
            {
                closed.TrySetResult();
            }

            return closed.Task;
        }
    }

    /// <summary>The code of the aborts by <see cref="DisposeAsync"/>. Default 0.</summary>
    public long DefaultErrorCode { get; set; }

    /// <summary>The same as <see cref="Closed"/>, for those who do not wait for it.</summary>
    internal bool IsClosed => _isClosed;

    internal QuicConnection Connection { get; }

    internal SendBuffer Send { get; }

    internal PipeWriter ReceivedBytes => _pipe.Writer;

    internal CreditReader Credit => _input;

    /// <summary>The transport's object for this stream, kept with it when it is used again.</summary>
    internal object? Owner { get; set; }

    /// <summary>Loop: the state that only the loop touches.</summary>
    internal StreamState State { get; } = new();

    /// <summary>
    /// How streams receive: the loop never waits, for the peer's window bounds what comes; readers run elsewhere.
    /// </summary>
    internal static PipeOptions InputOptions(MemoryPool<byte> pool) => new(pool,
        pauseWriterThreshold: 0, resumeWriterThreshold: 0, readerScheduler: PipeScheduler.ThreadPool,
        writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    /// <summary>Tells the peer to send no more (STOP_SENDING), and drops what comes.</summary>
    public void AbortRead(long errorCode)
    {
        Volatile.Write(ref _abortReadCode, errorCode);
        Signal(StreamSignals.AbortRead);
    }

    /// <summary>Ends this side without the rest of what was written (RESET_STREAM).</summary>
    public void AbortWrite(long errorCode)
    {
        Volatile.Write(ref _abortWriteCode, errorCode);
        Signal(StreamSignals.AbortWrite);
    }

    /// <summary>Aborts what is still open, and gives the stream back.</summary>
    public ValueTask DisposeAsync()
    {
        Signal(StreamSignals.Dispose);
        return ValueTask.CompletedTask;
    }

    void ILoopWork.Run() =>
        Connection.Apply(this, (StreamSignals)Interlocked.Exchange(ref _signals, 0), _abortReadCode, _abortWriteCode);

    /// <summary>Any thread: asks the loop for something. Asked twice before it looks, it is done once.</summary>
    internal void Signal(StreamSignals signals)
    {
        if (Interlocked.Or(ref _signals, (int)signals) == 0)
        {
            Connection.Loop.Post(this);
        }
    }

    /// <summary>Loop: a new stream of the connection.</summary>
    internal void Open(long id, bool local, QuicTransportOptions options)
    {
        Id = id;
        var bidirectional = (id & 2) == 0;
        CanRead = bidirectional || !local;
        CanWrite = bidirectional || local;
        Send.Limit = options.WriteBuffer;
        _input.Step = Math.Max(1, options.StreamWindow / QuicLimits.CreditShare);
        State.Open(local);
        if (!CanRead)
        {
            _pipe.Writer.Complete();
            State.ReadEnded = true;
        }

        if (!CanWrite)
        {
            Send.Stop();
            State.WriteEnded = true;
        }
    }

    /// <summary>Loop: both sides have ended, and the library knows it no more.</summary>
    /// <param name="known">Somebody has it, or will get it.</param>
    internal void SetClosed(bool known)
    {
        _isClosed = true;
        Interlocked.MemoryBarrier();
        _closed?.TrySetResult();
        if (known)
        {
            (Owner as IStreamOwner)?.StreamClosed();
        }
    }

    /// <summary>Loop: true when nothing of the stream is in use and it can be opened again.</summary>
    internal bool TryReset()
    {
        // Somebody still reads: the pipe cannot be used again.
        try
        {
            _pipe.Reader.Complete();
            _pipe.Writer.Complete();
            _pipe.Reset();
        }
        catch (InvalidOperationException)
        {
            return false;
        }

        Send.Reset();
        _input.Reset();
        (_closed, _isClosed) = (null, false);
        (ReceivedEarlyData, PeerErrorCode, DefaultErrorCode) = (false, null, 0);
        _signals = 0;
        return true;
    }
}
