using System.IO.Pipelines;

namespace Quoin.Http.Compression;

/// <summary>Is often taken before the headers are set: it asks where its bytes go when there are some.</summary>
internal sealed class LateWriter(CompressedBody body) : PipeWriter
{
    private PipeWriter? _chosen;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _chosen?.UnflushedBytes ?? 0;

    private PipeWriter Chosen => _chosen ??= body.ChooseWriter();

    public override void Advance(int bytes) => Chosen.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => Chosen.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => Chosen.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        Chosen.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        Chosen.WriteAsync(source, cancellationToken);

    public override void CancelPendingFlush() => _chosen?.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => Chosen.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => Chosen.CompleteAsync(exception);
}
