using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Quoin.Quic.Native;

namespace Quoin.Quic.Streams;

/// <summary>
/// What an application writes to a stream, kept where it is until the peer has it: ngtcp2 does not copy. One writer
/// fills blocks (GetMemory, Advance) and publishes them (FlushAsync); the loop offers what is published and not sent to
/// the library, and gives blocks back when they are acknowledged. A flush waits while more than the limit is unsent;
/// what is sent and not acknowledged is bounded by the congestion window. All but the writer's own block is under a
/// lock. A stream that has nothing under way holds no block, so thousands that wait cost little.
/// </summary>
internal sealed unsafe class SendBuffer(QuicStream stream) : PipeWriter, IValueTaskSource<FlushResult>
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<FlushResult> _waiter = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private SendBlock? _first;
    private SendBlock? _sending;
    private SendBlock? _last;
    private int _lastUsed;
    private int _blocks;

    // The writer may be filling the last block: set and cleared by it, under the lock.
    private bool _borrowed;
    private long _written;
    private long _published;
    private long _sent;
    private bool _completed;
    private bool _stopped;
    private bool _waiting;
    private bool _cancelNext;

    /// <summary>Unsent bytes above which a flush waits.</summary>
    public int Limit { get; set; }

    /// <summary>Looks at what is about to be published in one piece, and may change it.</summary>
    public Action<Span<byte>>? BeforePublishing { get; set; }

    /// <summary>The writer has completed without a fault.</summary>
    public bool IsCompleted => _completed;

    /// <summary>Some bytes are under way, or being written.</summary>
    public bool HoldsBlocks
    {
        get
        {
            lock (_gate)
            {
                return _first is not null;
            }
        }
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written - _published;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _last!.Bytes.AsMemory(_lastUsed);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _last!.Bytes.AsSpan(_lastUsed);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_last?.Bytes.Length ?? 0) - _lastUsed);
        _lastUsed += bytes;
        _written += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }

        (stream.Owner as IStreamOwner)?.Flushing();
        bool news;
        lock (_gate)
        {
            news = Publish();
            if (_cancelNext || _stopped || _published - _sent <= Limit)
            {
                var result = new FlushResult(_cancelNext, _stopped);
                _cancelNext = false;
                if (!news)
                {
                    return ValueTask.FromResult(result);
                }

                stream.Signal(StreamSignals.Send);
                return ValueTask.FromResult(result);
            }

            _waiter.Reset();
            _waiting = true;
        }

        if (news)
        {
            stream.Signal(StreamSignals.Send);
        }

        // Registered outside of the lock: a token that is cancelled by now calls back at once.
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) => ((SendBuffer)state!).Fail(new OperationCanceledException(token)), this);
        }

        return new ValueTask<FlushResult>(this, _waiter.Version);
    }

    public override void CancelPendingFlush()
    {
        lock (_gate)
        {
            if (_waiting)
            {
                _waiting = false;
                _waiter.SetResult(new FlushResult(isCanceled: true, isCompleted: _stopped));
            }
            else
            {
                _cancelNext = true;
            }
        }
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (_completed || _stopped)
            {
                return;
            }

            Publish();
            _completed = exception is null;
        }

        if (exception is null)
        {
            stream.Signal(StreamSignals.Send);
        }
        else
        {
            stream.AbortWrite(stream.DefaultErrorCode);
        }
    }

    /// <summary>Loop: fills in runs of published bytes that are not sent.</summary>
    /// <param name="end">The last of them is the stream's last byte, or there is nothing left but its end.</param>
    public int Peek(NativeBytes* runs, int most, out long length, out bool end)
    {
        length = 0;
        var count = 0;
        lock (_gate)
        {
            var position = _sent;
            for (var block = _sending ?? _first; block is not null && count < most; block = block.Next)
            {
                var limit = block.Next is { } next ? Math.Min(next.Start, _published) : _published;
                if (limit <= position)
                {
                    continue;
                }

                runs[count++] = new NativeBytes
                {
                    Start = block.Pointer + (position - block.Start),
                    Length = (nuint)(limit - position),
                };
                length += limit - position;
                position = limit;
            }

            end = _completed && position == _published;
        }

        return count;
    }

    /// <summary>Loop: there is something to offer, a byte or the end.</summary>
    public bool HasUnsent(bool endSent)
    {
        lock (_gate)
        {
            return !_stopped && (_published > _sent || (_completed && !endSent));
        }
    }

    /// <summary>Loop: the library has taken bytes.</summary>
    public void Sent(long count)
    {
        lock (_gate)
        {
            _sent += count;
            _sending ??= _first;
            while (_sending?.Next is { } next && next.Start <= _sent)
            {
                _sending = next;
            }

            if (_waiting && _published - _sent <= Limit / 2)
            {
                _waiting = false;
                _waiter.SetResult(new FlushResult(isCanceled: false, isCompleted: _stopped));
            }
        }
    }

    /// <summary>Loop: the peer has all bytes before the offset.</summary>
    public void Acknowledged(long offset)
    {
        lock (_gate)
        {
            while (_first?.Next is { } next && next.Start <= offset && !ReferenceEquals(_first, _sending))
            {
                _first.Return();
                _first = next;
                _blocks--;
            }

            if (_first is { Next: null } only && !_borrowed && offset == _published)
            {
                only.Return();
                (_first, _sending, _last, _lastUsed, _blocks) = (null, null, null, 0, 0);
            }
        }
    }

    /// <summary>Loop: nothing more will be sent. Flushes tell the writer that nobody reads.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            if (_waiting)
            {
                _waiting = false;
                _waiter.SetResult(new FlushResult(isCanceled: false, isCompleted: true));
            }
        }
    }

    /// <summary>Loop: the library has let go of all bytes.</summary>
    /// <param name="writerDone">False: somebody may be writing to the last block, so nobody else may get it.</param>
    public void Release(bool writerDone)
    {
        lock (_gate)
        {
            _stopped = true;
            for (var block = _first; block is not null;)
            {
                var next = block.Next;
                if (writerDone || !ReferenceEquals(block, _last))
                {
                    block.Return();
                }

                block = next;
            }

            (_first, _sending, _blocks) = (null, null, 0);
            if (writerDone)
            {
                (_last, _lastUsed) = (null, 0);
            }
        }
    }

    /// <summary>Loop: ready for another stream.</summary>
    public void Reset()
    {
        (_last, _lastUsed, _blocks, _borrowed) = (null, 0, 0, false);
        (_written, _published, _sent) = (0, 0, 0);
        (_completed, _stopped, _waiting, _cancelNext) = (false, false, false, false);
        BeforePublishing = null;
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        return _waiter.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _waiter.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waiter.OnCompleted(continuation, state, token, flags);

    private bool Publish()
    {
        _borrowed = false;
        var length = _written - _published;
        if (length == 0)
        {
            return false;
        }

        if (BeforePublishing is { } look && length <= _lastUsed)
        {
            look(_last!.Bytes.AsSpan(_lastUsed - (int)length, (int)length));
        }

        _published = _written;
        return true;
    }

    private void Fail(Exception exception)
    {
        lock (_gate)
        {
            if (_waiting)
            {
                _waiting = false;
                _waiter.SetException(exception);
            }
        }
    }

    private void Ensure(int sizeHint)
    {
        var size = Math.Max(sizeHint, 1);
        if (!_borrowed)
        {
            lock (_gate)
            {
                _borrowed = true;
            }
        }

        if (_last is null || _last.Bytes.Length - _lastUsed < size)
        {
            Append(size);
        }
    }

    private void Append(int size)
    {
        var block = SendBlock.Rent(_blocks, size);
        block.Start = _written;
        lock (_gate)
        {
            // What is written to a stopped stream is written to nowhere: its blocks are left to the collector.
            if (!_stopped)
            {
                if (_first is null)
                {
                    _first = block;
                }
                else
                {
                    _last!.Next = block;
                }

                _blocks++;
            }

            _last = block;
            _lastUsed = 0;
        }
    }
}
