using System.Buffers;
using System.IO.Pipelines;

namespace Quoin.Quic.Streams;

/// <summary>
/// The reading end of a stream. It counts what the application has consumed; the loop gives the peer credit for that
/// much, so a peer is held up by a reader that is, and memory is bounded by the window.
/// </summary>
internal sealed class CreditReader(QuicStream stream, Pipe pipe) : PipeReader
{
    private readonly PipeReader _reader = pipe.Reader;
    private ReadOnlySequence<byte> _buffer;
    private long _consumed;

    /// <summary>Bytes after which the loop is told; less often costs the sender time, more often the loop.</summary>
    public long Step { get; set; }

    /// <summary>Loop: bytes consumed since the last call.</summary>
    public long TakeConsumed() => Interlocked.Exchange(ref _consumed, 0);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var count = _buffer.IsEmpty ? 0 : _buffer.Slice(_buffer.Start, consumed).Length;
        _buffer = default;
        _reader.AdvanceTo(consumed, examined);
        if (count > 0)
        {
            var total = Interlocked.Add(ref _consumed, count);
            if (total >= Step && total - count < Step)
            {
                stream.Signal(StreamSignals.Credit);
            }

            stream.Connection.Consumed(count);
        }
    }

    public override void CancelPendingRead() => _reader.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        _buffer = default;
        _reader.Complete(exception);
        stream.Signal(StreamSignals.Credit);
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var pending = _reader.ReadAsync(cancellationToken);
        var result = pending.IsCompletedSuccessfully ? pending.GetAwaiter().GetResult() : await pending;
        _buffer = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_reader.TryRead(out result))
        {
            return false;
        }

        _buffer = result.Buffer;
        return true;
    }

    /// <summary>Ready for another stream.</summary>
    public void Reset()
    {
        _consumed = 0;
        _buffer = default;
    }
}
