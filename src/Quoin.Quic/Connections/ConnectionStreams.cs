using System.Buffers;
using System.Threading.Channels;
using Quoin.Quic.Native;
using Quoin.Quic.Streams;

namespace Quoin.Quic.Connections;

/// <summary>
/// The streams of one connection, as its loop sees them: who has something to send, what was received and for whom,
/// when the peer gets credit, when a stream is over and used again. Only the loop's thread comes here.
/// </summary>
internal sealed class ConnectionStreams(QuicConnection connection, ConnectionHandle handle)
{
    private const uint EndFlag = 1;
    private const uint EarlyFlag = 2;

    private readonly Dictionary<long, QuicStream> _streams = [];
    private readonly Queue<QuicStream> _ready = new();
    private readonly List<QuicStream> _unflushed = [];
    private readonly StreamPool _pool = new(connection.Context.PooledStreams);

    // Their bytes are the library's until the connection is deleted.
    private readonly List<QuicStream> _abandoned = [];
    private readonly Queue<OpenRequest> _openings = new();
    private readonly Channel<QuicStream> _accepted =
        Channel.CreateUnbounded<QuicStream>(new UnboundedChannelOptions { SingleWriter = true });

    private long _earlyBytes;
    private long _uncredited;

    /// <summary>Streams the peer has opened. At most as many as it may open.</summary>
    public ChannelReader<QuicStream> Accepted => _accepted.Reader;

    public int Count => _streams.Count;

    /// <summary>When <see cref="Trim"/> has something to do, on the loop's clock.</summary>
    public ulong TrimAt => _pool.TrimAt;

    private QuicTransportOptions Options => connection.Context.Options;

    /// <summary>The next stream with something to send; it stays in the queue.</summary>
    public bool TryPeekReady([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out QuicStream? stream) =>
        _ready.TryPeek(out stream);

    public int ReadyCount => _ready.Count;

    /// <summary>The first in the queue goes to its end: streams take turns packet by packet.</summary>
    public void Rotate()
    {
        if (_ready.Count > 1)
        {
            _ready.Enqueue(_ready.Dequeue());
        }
    }

    /// <summary>The first in the queue has nothing more to send, or may not.</summary>
    public void Unqueue() => _ready.Dequeue().State.Queued = false;

    /// <summary>The library has taken bytes of the first in the queue.</summary>
    public void Taken(QuicStream stream, long count, bool end)
    {
        stream.Send.Sent(count);
        stream.State.WriteEnded |= end;
        if (!stream.Send.HasUnsent(stream.State.WriteEnded))
        {
            Unqueue();
        }
    }

    public void Open(OpenRequest request)
    {
        _openings.Enqueue(request);
        OpenWaiting();
    }

    public void OpenWaiting()
    {
        while (_openings.TryPeek(out var request))
        {
            if (!request.IsCancelled)
            {
                if (!TryOpen(request.IsBidirectional, out var id))
                {
                    return;
                }

                var stream = Add(id, local: true);
                if (!request.TryComplete(stream))
                {
                    stream.State.Disposed = true;
                    Abort(stream, read: true, write: true, 0, 0);
                }
            }

            _openings.Dequeue();
        }
    }

    public void Opened(long id) => Add(id, local: false);

    public void Received(uint flags, long id, ReadOnlySpan<byte> data)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            CreditConnection(data.Length);
            return;
        }

        var state = stream.State;
        if (state.ReadEnded)
        {
            CreditConnection(data.Length);
            return;
        }

        if (data.Length > 0)
        {
            state.Uncredited += data.Length;
            stream.ReceivedBytes.Write(data);
            if ((flags & EarlyFlag) != 0)
            {
                stream.ReceivedEarlyData = true;
                connection.ReceivedEarlyData = true;
                _earlyBytes += data.Length;
                state.Held |= _earlyBytes > Options.MaxEarlyData;
            }
        }

        if ((flags & EndFlag) != 0)
        {
            state.ReadEnded = true;
        }

        if (!state.Unflushed)
        {
            state.Unflushed = true;
            _unflushed.Add(stream);
        }
    }

    /// <summary>
    /// Wakes the readers of what was received, once for many packets. What is held stays until the handshake is
    /// complete; by then it is no early data any more.
    /// </summary>
    public void Deliver(bool handshakeCompleted)
    {
        var kept = 0;
        for (var i = 0; i < _unflushed.Count; i++)
        {
            var stream = _unflushed[i];
            var state = stream.State;
            if (state.Held && !handshakeCompleted)
            {
                _unflushed[kept++] = stream;
                continue;
            }

            if (state.Held && !state.HandedOut)
            {
                stream.ReceivedEarlyData = false;
            }

            (state.Unflushed, state.Held) = (false, false);
            DeliverOne(stream);
        }

        _unflushed.RemoveRange(kept, _unflushed.Count - kept);
        ExtendConnection(force: false);
    }

    public void Acknowledged(long id, long offset)
    {
        if (_streams.TryGetValue(id, out var stream))
        {
            stream.Send.Acknowledged(offset);
        }
    }

    /// <summary>The peer has given up what it was sending, with its code.</summary>
    public void WasReset(long id, long code)
    {
        if (_streams.TryGetValue(id, out var stream) && !stream.State.ReadEnded)
        {
            stream.PeerErrorCode ??= code;
            stream.State.ReadEnded = true;
            HandOut(stream);
            stream.ReceivedBytes.Complete(
                new QuicException(QuicEnd.Peer, code, $"the peer has reset the stream ({code})"));
            EndOneWay(stream);
        }
    }

    public void WindowExtended(long id)
    {
        if (_streams.TryGetValue(id, out var stream))
        {
            stream.State.Blocked = false;
            Queue(stream);
        }
    }

    /// <param name="code">With which it was reset or stopped, by either side; null: it has ended as it should.</param>
    public void Closed(long id, long? code)
    {
        if (!_streams.Remove(id, out var stream))
        {
            return;
        }

        // ngtcp2 answers STOP_SENDING by itself and tells its code only now.
        if (!stream.State.Aborted)
        {
            stream.PeerErrorCode ??= code;
        }

        if (stream.State.Unflushed)
        {
            _unflushed.Remove(stream);
            stream.State.Unflushed = false;
            HandOut(stream);
            DeliverOne(stream);
        }

        CreditConnection(stream.State.Uncredited);
        stream.State.Uncredited = 0;
        if (!stream.State.IsLocal)
        {
            Ngtcp2Streams.ExtendLimit(handle.Connection, id);
        }

        Finish(stream, null);
    }

    /// <summary>The connection is over: so are all its streams.</summary>
    public void CloseAll(Exception reason)
    {
        foreach (var stream in _streams.Values.ToArray())
        {
            Finish(stream, reason);
        }

        _streams.Clear();
        _unflushed.Clear();
        _ready.Clear();
        _accepted.Writer.TryComplete(reason);
        while (_openings.TryDequeue(out var request))
        {
            request.TryFail(reason);
        }
    }

    /// <summary>Lets go of streams that were kept to be used again and were not needed for a while.</summary>
    public void Trim(ulong now) => connection.Context.Burst.LetGo(_pool.Trim(now), now);

    /// <summary>The connection was deleted: the library has let go of all bytes.</summary>
    public void ReleaseAll()
    {
        connection.Context.Burst.LetGo(_abandoned.Count + _pool.Count, connection.Loop.Now);
        foreach (var stream in _abandoned)
        {
            stream.Send.Release(writerDone: stream.State.Disposed || stream.Send.IsCompleted);
        }

        _abandoned.Clear();
        _pool.Clear();
    }

    public void Apply(QuicStream stream, StreamSignals signals, long readCode, long writeCode)
    {
        var state = stream.State;
        if ((signals & StreamSignals.Credit) != StreamSignals.None && !state.Closed)
        {
            Credit(stream);
        }

        Abort(stream, (signals & StreamSignals.AbortRead) != StreamSignals.None,
            (signals & StreamSignals.AbortWrite) != StreamSignals.None, readCode, writeCode);
        if ((signals & StreamSignals.Send) != StreamSignals.None)
        {
            Queue(stream);
        }

        if ((signals & StreamSignals.Dispose) != StreamSignals.None && !state.Disposed)
        {
            state.Disposed = true;
            if (state.Closed)
            {
                Reuse(stream);
            }
            else
            {
                Abort(stream, !state.ReadEnded, !state.WriteEnded && !stream.Send.IsCompleted,
                    stream.DefaultErrorCode, stream.DefaultErrorCode);
            }
        }
    }

    private void Queue(QuicStream stream)
    {
        var state = stream.State;
        if (!state.Queued && !state.Blocked && !state.Closed && stream.Send.HasUnsent(state.WriteEnded))
        {
            state.Queued = true;
            _ready.Enqueue(stream);
            connection.MarkDirty();
        }
    }

    private void Abort(QuicStream stream, bool read, bool write, long readCode, long writeCode)
    {
        var state = stream.State;
        if (state.Closed || (!read && !write) || handle.Connection == 0)
        {
            return;
        }

        if (read && stream.CanRead && !state.ReadEnded)
        {
            state.ReadEnded = true;
            _ = Ngtcp2Connection.ShutdownRead(handle.Connection, stream.Id, (ulong)readCode);
            stream.ReceivedBytes.Complete(new QuicException(QuicEnd.Local, readCode, "reading was aborted here"));
        }

        state.Aborted = true;
        if (write && stream.CanWrite)
        {
            state.WriteEnded = true;
            stream.Send.Stop();
            _ = Ngtcp2Connection.ShutdownWrite(handle.Connection, stream.Id, (ulong)writeCode);
        }

        connection.MarkDirty();
    }

    private void Credit(QuicStream stream)
    {
        var consumed = Math.Min(stream.Credit.TakeConsumed(), stream.State.Uncredited);
        if (consumed > 0 && handle.Connection != 0)
        {
            stream.State.Uncredited -= consumed;
            if (!stream.State.ReadEnded)
            {
                _ = Ngtcp2Connection.ExtendMaxStreamOffset(handle.Connection, stream.Id, (ulong)consumed);
                connection.MarkDirty();
            }

            CreditConnection(consumed);
        }
    }

    /// <summary>Gives credit for all that was consumed so far.</summary>
    public void CreditAll()
    {
        foreach (var stream in _streams.Values)
        {
            Credit(stream);
        }
    }

    private void CreditConnection(long count)
    {
        _uncredited += count;
        ExtendConnection(force: false);
    }

    private void ExtendConnection(bool force)
    {
        if (handle.Connection != 0 && _uncredited > 0
            && (force || _uncredited >= Options.ConnectionWindow / QuicLimits.CreditShare))
        {
            Ngtcp2Connection.ExtendMaxOffset(handle.Connection, (ulong)_uncredited);
            _uncredited = 0;
            connection.MarkDirty();
        }
    }

    private void DeliverOne(QuicStream stream)
    {
        HandOut(stream);
        if (stream.State.ReadEnded)
        {
            stream.ReceivedBytes.Complete();
            EndOneWay(stream);
            return;
        }

        // The pipe never holds a writer up: the peer's window does.
        var flushed = stream.ReceivedBytes.FlushAsync();
        if (flushed.IsCompletedSuccessfully && flushed.GetAwaiter().GetResult().IsCompleted)
        {
            // The reader has ended: what still comes is nobody's.
            CreditConnection(stream.State.Uncredited);
            stream.State.Uncredited = 0;
        }
    }

    /// <summary>
    /// A one-way stream of the peer is over when its end has come. ngtcp2 0.12 waits for an end of ours too, which
    /// never comes: it does not say so, and keeps the few hundred bytes it has for it until the connection ends.
    /// </summary>
    private void EndOneWay(QuicStream stream)
    {
        if (!stream.CanWrite && _streams.Remove(stream.Id))
        {
            CreditConnection(stream.State.Uncredited);
            stream.State.Uncredited = 0;
            Ngtcp2Streams.ExtendLimit(handle.Connection, stream.Id);
            Finish(stream, null);
        }
    }

    private void HandOut(QuicStream stream)
    {
        if (!stream.State.HandedOut)
        {
            stream.State.HandedOut = true;
            _accepted.Writer.TryWrite(stream);
        }
    }

    private QuicStream Add(long id, bool local)
    {
        if (!_pool.TryTake(out var stream))
        {
            stream = new QuicStream(connection, connection.Context.Input);
        }

        stream.Open(id, local, Options);
        _streams.Add(id, stream);
        return stream;
    }

    private bool TryOpen(bool bidirectional, out long id) =>
        Ngtcp2Streams.TryOpen(handle.Connection, bidirectional, out id);

    private void Finish(QuicStream stream, Exception? reason)
    {
        var state = stream.State;
        state.Closed = true;
        stream.Send.Stop();
        if (!state.ReadEnded)
        {
            state.ReadEnded = true;
            stream.ReceivedBytes.Complete(reason);
        }

        if (!state.HandedOut)
        {
            // Nobody has seen it, so nobody gives it back.
            state.Disposed = true;
        }

        stream.SetClosed(state.HandedOut);
        if (reason is null)
        {
            stream.Send.Release(writerDone: state.Disposed || stream.Send.IsCompleted);
            if (state.Disposed)
            {
                Reuse(stream);
            }
        }
        else
        {
            _abandoned.Add(stream);
        }
    }

    private void Reuse(QuicStream stream)
    {
        if (handle.Connection == 0)
        {
            return;
        }

        // One that is in the queue is skipped there first; one-way streams are few, and Kestrel does not wait for them.
        if (!_pool.IsFull && !stream.State.Queued && stream.CanRead && stream.CanWrite && stream.TryReset())
        {
            _pool.Keep(stream, connection.Loop.Now);
        }
        else
        {
            connection.Context.Burst.LetGo(1, connection.Loop.Now);
        }
    }
}
