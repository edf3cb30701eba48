using System.Buffers;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Keeps a copy of the answer on its way to the client. An answer beyond <see cref="CacheLimits.EntryBytes"/>, and one
/// that did not go out whole, leaves nothing.
/// </summary>
internal sealed class AnswerCapture(TimeProvider time) : IDisposable
{
    private readonly PooledBuffer _bytes = new();
    private TeeWriter? _tee;
    private bool _tooLarge;

    /// <summary>Set when the whole answer went out and is whole itself.</summary>
    public bool Complete { get; private set; }

    /// <summary>When the last of it came, which is before its client had it.</summary>
    public DateTimeOffset At { get; private set; }

    public bool Streamed { get; private set; }

    public string ContentType { get; private set; } = "";

    /// <summary>Called when a whole answer is there, before its client gets the first byte of it.</summary>
    public Action? Kept { get; set; }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    /// <summary>A whole answer.</summary>
    public void Keep(string contentType, ReadOnlySpan<byte> body)
    {
        (ContentType, Streamed) = (contentType, false);
        Add(body);
        End();
        Kept?.Invoke();
    }

    /// <summary>The writer in front of a stream's: what is written there is kept and passed on.</summary>
    public IBufferWriter<byte> Tee(IBufferWriter<byte> output)
    {
        (ContentType, Streamed) = ("text/event-stream; charset=utf-8", true);
        _tee ??= new TeeWriter(this);
        _tee.Output = output;
        return _tee;
    }

    /// <summary>The answer is whole.</summary>
    public void End() => Complete = !_tooLarge;

    public void Dispose() => _bytes.Dispose();

    private void Add(ReadOnlySpan<byte> bytes)
    {
        At = time.GetUtcNow();
        if (_tooLarge || _bytes.Length + bytes.Length > CacheLimits.EntryBytes)
        {
            _tooLarge = true;
            return;
        }

        _bytes.Write(bytes);
    }

    private sealed class TeeWriter(AnswerCapture capture) : IBufferWriter<byte>
    {
        private Memory<byte> _given;

        public IBufferWriter<byte> Output { get; set; } = NoOutput.Instance;

        public void Advance(int count)
        {
            capture.Add(_given.Span[..count]);
            Output.Advance(count);
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _given = Output.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
