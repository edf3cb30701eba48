using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>
/// The body of an answer, written down as it goes out to a client, or where there is none. Beyond the limit nothing
/// more is written down.
/// </summary>
internal sealed class AnswerRecorder(PipeWriter? client, int limit) : PipeWriter, IHttpResponseBodyFeature, IDisposable
{
    private readonly PooledBuffer _bytes = new(4096);
    private Memory<byte> _given;
    private long _unflushed;

    /// <summary>Called once, when the limit is passed.</summary>
    public Action? Overflowing { get; init; }

    /// <summary>The answer was longer than the limit, and is not here.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Something was sent, or would have been.</summary>
    public bool Started { get; private set; }

    public ReadOnlyMemory<byte> Body => _bytes.WrittenMemory;

    public PipeWriter Writer => this;

    public Stream Stream => AsStream(leaveOpen: true);

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => client?.UnflushedBytes ?? _unflushed;

    public override Memory<byte> GetMemory(int sizeHint = 0) =>
        _given = client is null ? _bytes.GetMemory(sizeHint) : client.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        Started = true;
        if (!Overflowed && _bytes.Length + bytes > limit)
        {
            Overflowed = true;
            _bytes.Clear();
            Overflowing?.Invoke();
        }

        if (client is not null)
        {
            if (!Overflowed)
            {
                System.Buffers.BuffersExtensions.Write(_bytes, _given.Span[..bytes]);
            }

            client.Advance(bytes);
            return;
        }

        _unflushed += bytes;
        if (!Overflowed)
        {
            _bytes.Advance(bytes);
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Started = true;
        _unflushed = 0;
        return client?.FlushAsync(cancellationToken) ?? ValueTask.FromResult(default(FlushResult));
    }

    public override void CancelPendingFlush() => client?.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => client?.Complete(exception);

    public void DisableBuffering()
    {
    }

    public async Task StartAsync(CancellationToken cancellationToken = default) => await FlushAsync(cancellationToken);

    public Task SendFileAsync(
        string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("no answer of a model is a file");

    public async Task CompleteAsync() => await FlushAsync();

    public void Dispose() => _bytes.Dispose();
}
