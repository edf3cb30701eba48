namespace Quoin.Quic.Connections;

/// <summary>Somebody waits for a stream to be opened; the peer's limit can make it wait.</summary>
internal sealed class OpenRequest(QuicConnection connection, bool bidirectional) : Endpoints.ILoopWork
{
    private readonly TaskCompletionSource<QuicStream> _opened =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsBidirectional { get; } = bidirectional;

    public bool IsCancelled => _opened.Task.IsCompleted;

    public Task<QuicStream> Opened => _opened.Task;

    public bool TryComplete(QuicStream stream) => _opened.TrySetResult(stream);

    public void TryFail(Exception reason) => _opened.TrySetException(reason);

    public void Cancel(CancellationToken cancellationToken) => _opened.TrySetCanceled(cancellationToken);

    void Endpoints.ILoopWork.Run() => connection.Open(this);
}
