using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Quoin.Quic.Streams;

namespace Quoin.Quic.Kestrel;

/// <summary>
/// A stream as Kestrel sees it. It stays with its <see cref="QuicStream"/> when that is used again, and with it the
/// state that Kestrel keeps in it: its own object for a request, which is what costs most to make anew.
/// </summary>
internal sealed class QuicStreamContext : ConnectionContext, IStreamOwner, IStreamDirectionFeature, IStreamIdFeature,
    IStreamAbortFeature, IStreamClosedFeature, IProtocolErrorCodeFeature, IPersistentStateFeature,
    IQuicEarlyDataFeature, IThreadPoolWorkItem, IValueTaskSource
{
    private static int _open;

    private readonly QuicStream _stream;
    private readonly QuicConnectionContext _connection;
    private readonly Lock _gate = new();
    private KestrelState? _state;
    private ArrayBufferWriter<byte>? _headerBuffer;
    private int _isCounted;
    private bool _isFrugal;
    private Action<object?>? _callback;
    private object? _callbackState;
    private List<(Action<object?> Callback, object? State)>? _callbacks;

    // Completes when the stream is closed and those who wanted to know have been told.
    private ManualResetValueTaskSourceCore<bool> _told;
    private CancellationTokenSource? _closing;
    private IDictionary<object, object?>? _items;
    private string? _id;
    private bool _isClosed;
    private bool _isDisposed;
    private long _error = -1;

    public QuicStreamContext(QuicStream stream, QuicConnectionContext connection)
    {
        (_stream, _connection) = (stream, connection);
        Transport = stream;
        Features = new StreamFeatures(this, connection.Features);
    }

    /// <summary>The features that a context is.</summary>
    public static IReadOnlySet<Type> FeatureTypes { get; } = new HashSet<Type>
    {
        typeof(IStreamDirectionFeature), typeof(IStreamIdFeature), typeof(IStreamAbortFeature),
        typeof(IStreamClosedFeature), typeof(IProtocolErrorCodeFeature), typeof(IPersistentStateFeature),
        typeof(IQuicEarlyDataFeature),
    };

    public override string ConnectionId
    {
        get => _id ??= $"{_connection.ConnectionId}:{_stream.Id:X8}";
        set => _id = value;
    }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed
    {
        get
        {
            lock (_gate)
            {
                _closing ??= new CancellationTokenSource();
                if (_isClosed)
                {
                    _closing.Cancel();
                }

                return _closing.Token;
            }
        }
        set => throw new NotSupportedException("the stream says when it is closed");
    }

    public override System.Net.EndPoint? LocalEndPoint
    {
        get => _connection.LocalEndPoint;
        set => _connection.LocalEndPoint = value;
    }

    public override System.Net.EndPoint? RemoteEndPoint
    {
        get => _connection.RemoteEndPoint;
        set => _connection.RemoteEndPoint = value;
    }

    public bool CanRead => _stream.CanRead;

    public bool CanWrite => _stream.CanWrite;

    /// <summary>As Kestrel got it: it asks once more after it has given the stream back.</summary>
    public long StreamId { get; private set; }

    /// <summary>-1: none.</summary>
    public long Error
    {
        get => _error >= 0 ? _error : _stream.PeerErrorCode ?? -1;
        set
        {
            _error = value;
            _stream.DefaultErrorCode = Math.Max(0, value);
        }
    }

    public bool ReceivedEarlyData => _stream.ReceivedEarlyData;

    public Task HandshakeCompleted => _stream.Connection.HandshakeCompleted;

    IDictionary<object, object?> IPersistentStateFeature.State => _state ??= new KestrelState(this);

    /// <summary>The context of a stream that was just opened.</summary>
    public static QuicStreamContext Of(QuicStream stream, QuicConnectionContext connection)
    {
        if (stream.Owner is not QuicStreamContext context)
        {
            context = new QuicStreamContext(stream, connection);
            stream.Owner = context;
        }

        context.Begin();
        return context;
    }

    public void AbortRead(long errorCode, ConnectionAbortedException abortReason) => _stream.AbortRead(errorCode);

    public void AbortWrite(long errorCode, ConnectionAbortedException abortReason) => _stream.AbortWrite(errorCode);

    public override void Abort(ConnectionAbortedException abortReason)
    {
        var code = Math.Max(0, _error);
        if (_stream.CanRead)
        {
            _stream.AbortRead(code);
        }

        if (_stream.CanWrite)
        {
            _stream.AbortWrite(code);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;

            // Kestrel aborts the connection of a graceful stop as soon as its last request is disposed of, so this one
            // waits until the client has its answer. One-way streams may live as long as the connection.
            if (_stream.CanRead && _stream.CanWrite)
            {
                await new ValueTask(this, _told.Version);
                Reset();
            }

            await _stream.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    void IValueTaskSource.GetResult(short token) => _told.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _told.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _told.OnCompleted(continuation, state, token, flags);

    void IStreamClosedFeature.OnClosed(Action<object?> callback, object? state)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                if (_callback is null)
                {
                    (_callback, _callbackState) = (callback, state);
                }
                else
                {
                    (_callbacks ??= []).Add((callback, state));
                }

                return;
            }
        }

        callback(state);
    }

    void IStreamOwner.Flushing()
    {
        if (_isFrugal && _headerBuffer is { } buffer)
        {
            HeaderBuffer.Release(buffer);
        }
    }

    void IStreamOwner.StreamClosed()
    {
        Uncount();
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        // Off the loop's thread: it runs code of others.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            // Nothing is added to these after the close.
            _closing?.Cancel();
            _callback?.Invoke(_callbackState);
            _callbacks?.ForEach(static other => other.Callback(other.State));
        }
        catch (Exception e)
        {
            Log.CallbackFailed(_connection.Logger, e);
        }

        _told.SetResult(true);
    }

    private void Begin()
    {
        (StreamId, _isDisposed) = (_stream.Id, false);
        _isCounted = 1;
        _isFrugal = Interlocked.Increment(ref _open) > QuicLimits.HeaderBuffers;

        // A stream that closed before it got here may have told nobody.
        if (_stream.IsClosed)
        {
            ((IStreamOwner)this).StreamClosed();
        }
    }

    // Before the stream is given back: from then on the loop may open it again and close it.
    private void Reset()
    {
        (_error, _id, _isClosed) = (-1, null, false);
        (_callback, _callbackState, _callbacks, _closing) = (null, null, null, null);
        _items?.Clear();
        _told.Reset();
    }

    private void Uncount()
    {
        if (Interlocked.Exchange(ref _isCounted, 0) == 1)
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private void Keep(object? kestrelStream)
    {
        _headerBuffer = HeaderBuffer.Of(kestrelStream);
        if (_isFrugal && _headerBuffer is { } buffer)
        {
            HeaderBuffer.Release(buffer);
        }
    }

    /// <summary>What Kestrel keeps: its object for a request, set when it was made and not yet used.</summary>
    private sealed class KestrelState(QuicStreamContext context)
        : Dictionary<object, object?>(1), IDictionary<object, object?>
    {
        object? IDictionary<object, object?>.this[object key]
        {
            get => this[key];
            set
            {
                this[key] = value;
                context.Keep(value);
            }
        }
    }
}
