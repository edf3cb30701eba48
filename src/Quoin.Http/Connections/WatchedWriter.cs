using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Quoin.Http.Connections;

/// <summary>
/// Ends a connection whose client takes nothing: one flush has waited for <see cref="HttpAppOptions.WriteTimeout"/>.
/// Kestrel's own limit is bytes per second, and who has taken some at once may rest for as long as those would have
/// lasted: the megabytes in the system's buffers are hours. It is looked at with Kestrel's heartbeat, once a second.
/// </summary>
internal sealed class WatchedWriter : PipeWriter
{
    private readonly PipeWriter _output;
    private readonly ConnectionContext _connection;
    private readonly HttpAppOptions _options;

    /// <summary>When the flush that waits began to; 0: none waits.</summary>
    private long _since;

    private WatchedWriter(ConnectionContext connection, HttpAppOptions options) =>
        (_output, _connection, _options) = (connection.Transport.Output, connection, options);

    public override bool CanGetUnflushedBytes => _output.CanGetUnflushedBytes;

    public override long UnflushedBytes => _output.UnflushedBytes;

    public static ConnectionDelegate Around(ConnectionDelegate next, HttpAppOptions options) => connection =>
    {
        if (connection.Features.Get<IConnectionHeartbeatFeature>() is { } heartbeat)
        {
            var watched = new WatchedWriter(connection, options);
            connection.Transport = new WatchedTransport(connection.Transport.Input, watched);
            heartbeat.OnHeartbeat(static state => ((WatchedWriter)state).Look(), watched);
        }

        return next(connection);
    };

    public override void Advance(int bytes) => _output.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _output.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _output.GetSpan(sizeHint);

    public override void CancelPendingFlush() => _output.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => _output.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _output.CompleteAsync(exception);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = _output.FlushAsync(cancellationToken);
        return flush.IsCompleted ? flush : WaitAsync(flush);
    }

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        var flush = _output.WriteAsync(source, cancellationToken);
        return flush.IsCompleted ? flush : WaitAsync(flush);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flush)
    {
        Volatile.Write(ref _since, _options.Time.GetTimestamp());
        try
        {
            return await flush;
        }
        finally
        {
            Volatile.Write(ref _since, 0);
        }
    }

    private void Look()
    {
        var since = Volatile.Read(ref _since);
        if (since != 0 && _options.Time.GetElapsedTime(since) >= _options.WriteTimeout)
        {
            _connection.Abort(new ConnectionAbortedException("the client took nothing for the write timeout"));
        }
    }

    private sealed record WatchedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
