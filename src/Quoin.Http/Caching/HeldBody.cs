namespace Quoin.Http.Caching;

/// <summary>Holds what is written until it is too much; then all goes on to the client.</summary>
internal sealed class HeldBody(Stream client, int most) : Stream
{
    private readonly MemoryStream _held = new();

    /// <summary>It was too much: nothing is held any more.</summary>
    public bool Passing { get; private set; }

    public ReadOnlyMemory<byte> Held => _held.GetBuffer().AsMemory(0, (int)_held.Length);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!Passing && _held.Length + buffer.Length <= most)
        {
            _held.Write(buffer.Span);
            return;
        }

        await PassAsync(cancellationToken);
        await client.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("write asynchronously");

    /// <summary>Writers flush at their end too: it is no sign that the client should have it now.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        Passing ? client.FlushAsync(cancellationToken) : Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        if (!Passing)
        {
            Passing = true;
            await client.WriteAsync(Held, cancellationToken);
            _held.SetLength(0);
        }
    }
}
