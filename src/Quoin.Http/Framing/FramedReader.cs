using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Quoin.Http.Framing;

/// <summary>
/// Passes a connection's bytes on after <see cref="RequestFraming"/> has judged them. Requests before a faulty one are
/// passed on; reading further throws <see cref="BadHttpRequestException"/>, which Kestrel answers with 400 and the end
/// of the connection.
/// </summary>
internal sealed class FramedReader(PipeReader inner, RequestFraming framing) : PipeReader
{
    private ReadOnlySequence<byte> _given;

    /// <summary>Bytes at the front of what is unread that were judged before.</summary>
    private long _judged;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new(Judge(reading.Result)) : JudgeAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        var read = inner.TryRead(out result);
        if (read)
        {
            Judge(result);
        }

        return read;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _judged = Math.Max(0, _judged - _given.Slice(0, consumed).Length);
        _given = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> JudgeAsync(ValueTask<ReadResult> reading) => Judge(await reading);

    private ReadResult Judge(ReadResult result)
    {
        _given = result.Buffer;
        if (_given.Length > _judged && framing.Fault is null)
        {
            _judged += framing.Read(_judged == 0 ? _given : _given.Slice(_judged));
        }

        if (framing.Fault is not { } fault)
        {
            return result;
        }

        var whole = _judged - framing.Begun;
        return whole > 0
            ? new ReadResult(_given = _given.Slice(0, whole), isCanceled: false, isCompleted: false)
            : throw new BadHttpRequestException(fault);
    }
}
