namespace Quoin.Tests.Fakes;

/// <summary>An output that can block, as a full pipe does, or fail, as a closed one or a full disk does.</summary>
internal sealed class BlockableStream : Stream
{
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly MemoryStream _written = new();

    /// <summary>Set while a write waits.</summary>
    public ManualResetEventSlim Waiting { get; } = new();

    /// <summary>Set by each write that has ended.</summary>
    public AutoResetEvent Wrote { get; } = new(initialState: false);

    public IOException? Failure { get; set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public string Text
    {
        get
        {
            lock (_lock)
            {
                return System.Text.Encoding.UTF8.GetString(_written.ToArray());
            }
        }
    }

    public void Block() => _open.Reset();

    public void Unblock() => _open.Set();

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!_open.IsSet)
        {
            Waiting.Set();
            _open.Wait();
        }

        try
        {
            if (Failure is { } failure)
            {
                throw failure;
            }

            lock (_lock)
            {
                _written.Write(buffer);
            }
        }
        finally
        {
            Wrote.Set();
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
