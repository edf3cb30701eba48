using System.Buffers;

namespace Quoin.Server.Gateway.Relay;

/// <summary>Takes bytes and forgets them: where a stream is drained after its client has left.</summary>
internal sealed class NoOutput : IBufferWriter<byte>
{
    public static readonly NoOutput Instance = new();

    [ThreadStatic]
    private static byte[]? _scratch;

    public void Advance(int count)
    {
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => Scratch(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => Scratch(sizeHint);

    private static byte[] Scratch(int sizeHint)
    {
        if (_scratch is null || _scratch.Length < sizeHint)
        {
            _scratch = new byte[Math.Max(sizeHint, 4096)];
        }

        return _scratch;
    }
}
