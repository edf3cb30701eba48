using System.Net;

namespace Quoin.Server.Gateway.Sim;

/// <summary>A reply's steps as the content of a response.</summary>
internal sealed class SimContent : HttpContent
{
    private readonly SimReply _reply;
    private readonly TimeProvider _time;

    public SimContent(SimReply reply, TimeProvider time)
    {
        _reply = reply;
        _time = time;
        Headers.ContentLength = reply.ContentLength;
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(CreateStream());

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => CreateStream();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var source = CreateStream();
        await source.CopyToAsync(stream, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _reply.ContentLength ?? 0;
        return _reply.ContentLength is not null;
    }

    private SimStream CreateStream() => new(_reply.Steps!, _time);
}

/// <summary>
/// Plays steps to a reader: at most one step a read, each at its time. One reader; a cancelled read loses nothing.
/// </summary>
internal sealed class SimStream(IEnumerable<SimStep> steps, TimeProvider time) : Stream
{
    private readonly IEnumerator<SimStep> _steps = steps.GetEnumerator();
    private readonly SimClock _clock = new(time);
    private SimStep _step;
    private ReadOnlyMemory<byte> _rest;
    private bool _waiting;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (_rest.IsEmpty)
        {
            if (_ended)
            {
                return 0;
            }

            await NextAsync(cancellationToken);
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The simulated provider is read asynchronously only");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _steps.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Ends the step before, then waits for the next one and takes its bytes.</summary>
    private async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        if (!_waiting)
        {
            switch (_step.Ending)
            {
                case SimEnding.Silence:
                    await _clock.WaitForeverAsync(cancellationToken);
                    break;
                case SimEnding.Reset:
                    throw new HttpIOException(
                        HttpRequestError.ResponseEnded, "The connection was reset (simulated).");
                case SimEnding.Complete:
                    _ended = true;
                    return;
            }

            if (!_steps.MoveNext())
            {
                _ended = true;
                return;
            }

            _step = _steps.Current;
            _waiting = true;
        }

        await _clock.WaitAsync(_step.Due, cancellationToken);
        _waiting = false;
        _rest = _step.Bytes;
    }
}
