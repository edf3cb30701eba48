using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Quoin.Http.WebSockets;
using Quoin.Http.WebSockets.Compression;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Benchmarks;

/// <summary>What a WebSocket message costs beside the network: unmasked and checked, and framed.</summary>
[MemoryDiagnoser]
public class WebSocketFrames : IOutboxOwner
{
    private const uint Mask = 0x7856_3412;

    private readonly MessageReader _reader = new(new(), deflate: true);
    private readonly PooledBytes _deflated = new();
    private Outbox _outbox = null!;
    private byte[] _payload = [];
    private byte[] _target = [];
    private byte[] _text = [];
    private byte[] _large = [];
    private byte[] _compressed = [];
    private string _sent = "";

    [GlobalSetup]
    public void Setup()
    {
        _outbox = new Outbox(Stream.Null, new(), TimeProvider.System, this);
        _payload = new byte[16 * 1024];
        _target = new byte[_payload.Length];
        _sent = string.Concat(Enumerable.Range(0, 16).Select(i => $"word {i:00} "));
        _text = FrameOf(0x81, System.Text.Encoding.UTF8.GetBytes(_sent));
        _large = FrameOf(0x82, _payload);
        var message = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(_sent, 32)));
        MessageDeflater.TryDeflate(message, _deflated);
        _compressed = FrameOf(0xC1, _deflated.Span);
        _payload = message;
    }

    [Benchmark(Baseline = true)]
    public void UnmaskByteByByte()
    {
        var mask = Mask;
        var key = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in mask));
        for (var i = 0; i < _large.Length - 8; i++)
        {
            _target[i] = (byte)(_large[8 + i] ^ key[i & 3]);
        }
    }

    [Benchmark]
    public void Unmask() => Masking.Copy(_large.AsSpan(8), _target, Mask, 0);

    [Benchmark]
    public int ReadText() => Read(_text);

    [Benchmark]
    public int ReadBinaryOf16KB() => Read(_large);

    [Benchmark]
    public int ReadCompressedOf4KB() => Read(_compressed);

    [Benchmark]
    public bool SendText() => _outbox.TrySend(_sent);

    [Benchmark]
    public bool CompressOf4KB()
    {
        _deflated.Dispose();
        return MessageDeflater.TryDeflate(_payload, _deflated);
    }

    void IOutboxOwner.WriteWaits()
    {
    }

    void IOutboxOwner.WriteEnded()
    {
    }

    void IOutboxOwner.WriteFailed() => throw new InvalidOperationException("nothing fails here");

    private int Read(byte[] frame)
    {
        ReadOnlySpan<byte> bytes = frame;
        if (_reader.Read(ref bytes) != Received.Message)
        {
            throw new InvalidOperationException("the frame is no message");
        }

        var (array, count) = _reader.TakeMessage();
        PooledBytes.Return(array);
        return count;
    }

    private static byte[] FrameOf(int first, ReadOnlySpan<byte> payload)
    {
        byte[] head = payload.Length < 126
            ? [(byte)first, (byte)(0x80 | payload.Length)]
            : [(byte)first, 0xFE, (byte)(payload.Length >> 8), (byte)payload.Length];
        byte[] frame = [.. head, .. BitConverter.GetBytes(Mask), .. payload];
        Masking.Copy(payload, frame.AsSpan(head.Length + 4), Mask, 0);
        return frame;
    }
}
