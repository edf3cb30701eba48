using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quoin.Http.WebSockets.Framing;
using Quoin.Http.WebSockets.Handshake;

namespace Quoin.Http.WebSockets;

/// <summary>
/// The life of a connection. Two things run: the handler, and a loop that reads whether or not the handler does, for
/// pings are to be answered and an end is to be seen.
/// <code>
/// bytes → MessageReader → Inbox → handler → Outbox → bytes
///               └ ping, close, fault ──────────┘
/// </code>
/// It ends with a close frame of either side, which the other answers, or with the peer's silence.
/// </summary>
public sealed partial class WebSocketConnection : IOutboxOwner, IAsyncDisposable
{
    private readonly HttpContext _context;
    private readonly WebSocketOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Stream _stream;
    private readonly long _began;
    private readonly MessageReader _reader;
    private readonly Inbox _inbox;
    private readonly Outbox _outbox;
    private readonly PeerTimes _times;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _closeLock = new();
    private int _readers;
    private bool _broken;

    internal WebSocketConnection(HttpContext context, Upgraded upgraded, HttpAppOptions options, ILogger logger)
    {
        (_context, _options, _time, _logger) = (context, options.WebSocket, options.Time, logger);
        Closed = _closed.Token;
        (_stream, SubProtocol, IsCompressed) = (upgraded.Stream!, upgraded.SubProtocol, upgraded.Deflate);
        _began = _time.GetTimestamp();
        _reader = new MessageReader(_options, IsCompressed);
        _inbox = new Inbox(_options.MaxMessageSize);
        _outbox = new Outbox(_stream, _options, _time, this);
        _times = new PeerTimes(_options);
        _timer = _time.CreateTimer(
            static connection => ((WebSocketConnection)connection!).Judge(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        Rearm();
    }

    /// <summary>Nothing is read until the handler takes a message.</summary>
    internal bool IsHoldingPeer => _times.IsHeld;

    private TimeSpan Now => _time.GetElapsedTime(_began);

    /// <summary>Until the handler has ended and the connection is closed.</summary>
    internal async Task RunAsync(Func<WebSocketConnection, Task> handler, CancellationToken stopping)
    {
        await using var stop = stopping.UnsafeRegister(
            static connection => ((WebSocketConnection)connection!).BeginClose(
                WebSocketCloseCode.GoingAway, "the server stops"), this);
        var reading = ReceiveAsync();
        try
        {
            await handler(this);
            BeginClose(WebSocketCloseCode.Normal, "");
        }
        catch (Exception e) when (e is WebSocketClosedException or OperationCanceledException && _outbox.IsClosed)
        {
            // It was told that the connection has ended, and ends too.
        }
        catch (Exception e)
        {
            Log.HandlerFailed(_logger, e, _context.Request.Path);
            BeginClose(WebSocketCloseCode.InternalError, "the server failed");
        }

        await reading;
        await _outbox.FlushAsync();
    }

    /// <summary>Gives back what it holds; its endpoint does that.</summary>
    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _outbox.DisposeAsync();
        _reader.Dispose();
        _closed.Dispose();
    }

    void IOutboxOwner.WriteWaits()
    {
        _times.WriteBegan(Now);
        Rearm();
    }

    void IOutboxOwner.WriteEnded() => _times.WriteEnded();

    void IOutboxOwner.WriteFailed() => Break(WebSocketCloseCode.Abnormal, "the peer is gone");

    private void BeginClose(WebSocketCloseCode code, string reason)
    {
        NoteClose(code, reason);
        _inbox.Refuse();
        if (_outbox.Close(code, reason))
        {
            _times.CloseBegan(Now);
            Rearm();
        }
    }

    /// <summary>The first to close says why.</summary>
    private void NoteClose(WebSocketCloseCode code, string reason)
    {
        lock (_closeLock)
        {
            if (CloseCode is null)
            {
                (CloseCode, CloseReason) = (code, reason);
            }
        }
    }

    /// <summary>Ends the connection without a word, for its peer takes none.</summary>
    private void Break(WebSocketCloseCode code, string reason)
    {
        NoteClose(code, reason);
        Volatile.Write(ref _broken, true);
        _inbox.Refuse();
        _outbox.Fail();
        _context.Abort();
    }

    private void Judge()
    {
        switch (_times.Judge(Now))
        {
            case PeerVerdict.PingDue:
                _outbox.Ping();
                break;
            case PeerVerdict.HeartbeatLost:
                Log.PeerLost(_logger, _context.Request.Path, "it answered no ping");
                Break(WebSocketCloseCode.Abnormal, "the peer answered no ping");
                return;
            case PeerVerdict.WriteStalled:
                Log.PeerLost(_logger, _context.Request.Path, "it took in nothing that was sent");
                Break(WebSocketCloseCode.Abnormal, "the peer took in nothing");
                return;
            case PeerVerdict.CloseOverdue:
                Break(WebSocketCloseCode.Abnormal, "the peer did not answer the close");
                return;
            default:
                break;
        }

        Rearm();
    }

    private void Rearm()
    {
        if (!Volatile.Read(ref _broken))
        {
            _timer.Change(_times.Next(Now), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Reads to the end of the connection; never throws.</summary>
    private async Task ReceiveAsync()
    {
        var buffer = new ReadBuffer(_stream);
        try
        {
            while (await buffer.FillAsync())
            {
                _times.Heard();
                while (Next(buffer) is not Received.Nothing and var received)
                {
                    if (!await DealWithAsync(received, buffer))
                    {
                        return;
                    }
                }
            }

            NoteClose(WebSocketCloseCode.Abnormal, "the peer is gone");
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            NoteClose(WebSocketCloseCode.Abnormal, "the peer is gone");
        }
        catch (Exception e)
        {
            // Only a mistake of ours: the handler is told by the end of the connection.
            Log.ReadingFailed(_logger, e, _context.Request.Path);
            BeginClose(WebSocketCloseCode.InternalError, "the server failed");
        }
        finally
        {
            buffer.Dispose();
            if (!_outbox.IsClosed)
            {
                // Nothing has been sent to a peer that has gone without a close, and nothing can be.
                _outbox.Fail();
            }

            _times.CloseBegan(Now);
            Rearm();
            var telling = _closed.CancelAsync();
            _inbox.End();
            _ended.TrySetResult();
            await telling;
        }
    }

    private Received Next(ReadBuffer buffer)
    {
        var bytes = buffer.Span;
        var received = _reader.Read(ref bytes);
        buffer.Keep(bytes.Length);
        return received;
    }

    /// <summary>False: nothing more is read.</summary>
    private async ValueTask<bool> DealWithAsync(Received received, ReadBuffer buffer)
    {
        switch (received)
        {
            case Received.Message:
                WebSocketMetrics.Received();
                _inbox.Add(_reader.TakeMessage(), _reader.IsText);
                if (!_inbox.HasRoom)
                {
                    _times.Hold(true);
                    await _inbox.RoomAsync();
                    _times.Hold(false);
                }

                return true;
            case Received.Ping:
                _outbox.Pong(_reader.Control);
                return true;
            case Received.Pong:
                return true;
            case Received.Close:
                NoteClose(_reader.Code, _reader.Reason);
                await LetHandlerFinishAsync();
                _outbox.Close(_reader.Code, "");
                return false;
            default:
                NoteClose(_reader.Code, _reader.Reason);
                await LetHandlerFinishAsync();
                BeginClose(_reader.Code, _reader.Reason);
                await buffer.LingerAsync(_time);
                return false;
        }
    }

    /// <summary>
    /// What came before the end is answered before the end: the handler has <see cref="WebSocketOptions.CloseTimeout"/>
    /// for it. One that has something else to do sees by its token that nothing more will come.
    /// </summary>
    private async ValueTask LetHandlerFinishAsync()
    {
        var finished = _inbox.DealtWithAsync();
        if (finished.IsCompleted)
        {
            return;
        }

        _times.Hold(true);
        await _closed.CancelAsync();
        try
        {
            await finished.WaitAsync(_options.CloseTimeout, _time);
        }
        catch (TimeoutException)
        {
            // The peer waits no longer for it.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4100, LogLevel.Error, "The handler of the WebSocket {Path} failed",
            EventName = nameof(HandlerFailed))]
        public static partial void HandlerFailed(ILogger logger, Exception exception, string path);

        [LoggerMessage(4101, LogLevel.Information, "The peer of a WebSocket {Path} is given up: {Reason}",
            EventName = nameof(PeerLost))]
        public static partial void PeerLost(ILogger logger, string path, string reason);

        [LoggerMessage(4102, LogLevel.Error, "Reading the WebSocket {Path} failed",
            EventName = nameof(ReadingFailed))]
        public static partial void ReadingFailed(ILogger logger, Exception exception, string path);
    }
}
