using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Quoin.Http;

namespace Quoin.Tests.Http.Http2;

/// <summary>Types of frames (RFC 9113 §6).</summary>
public enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

internal readonly record struct Frame(FrameType Type, byte Flags, int Stream, byte[] Payload)
{
    /// <summary>Of GOAWAY and RST_STREAM (RFC 9113 §7).</summary>
    public string Error => BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(Type == FrameType.GoAway ? 4 : 0)) switch
    {
        0 => "NO_ERROR",
        1 => "PROTOCOL_ERROR",
        2 => "INTERNAL_ERROR",
        3 => "FLOW_CONTROL_ERROR",
        5 => "STREAM_CLOSED",
        6 => "FRAME_SIZE_ERROR",
        7 => "REFUSED_STREAM",
        8 => "CANCEL",
        9 => "COMPRESSION_ERROR",
        11 => "ENHANCE_YOUR_CALM",
        var other => other.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}

/// <summary>A client that sends whatever frames a test wants.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private readonly TcpClient _client = new() { NoDelay = true };
    private SslStream? _stream;

    /// <summary>Connects, and sends the preface with empty settings.</summary>
    public static async Task<RawHttp2> ConnectAsync(HttpApp app)
    {
        var raw = new RawHttp2();
        await raw._client.ConnectAsync(IPAddress.Loopback, app.Addresses[0].Port);
        raw._stream = new SslStream(raw._client.GetStream());
        await raw._stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate?.GetCertHashString() == app.Options.Certificate!.Thumbprint,
        });
        Assert.Equal(SslApplicationProtocol.Http2, raw._stream.NegotiatedApplicationProtocol);
        await raw.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await raw.SendAsync(FrameType.Settings, 0, 0);
        return raw;
    }

    /// <summary>GET of a path, in HPACK without a table: literals, indexed names of the static table.</summary>
    public static byte[] Get(string path, params (string Name, string Value)[] headers)
    {
        var block = new List<byte> { 0x82, 0x87 };
        Literal(block, ":path", path);
        Literal(block, ":authority", "localhost");
        foreach (var (name, value) in headers)
        {
            Literal(block, name, value);
        }

        return [.. block];
    }

    public Task SendAsync(FrameType type, byte flags, int stream, params byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = ((byte)type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return SendAsync(frame);
    }

    public async Task SendAsync(byte[] bytes) => await _stream!.WriteAsync(bytes);

    /// <summary>Sends until the server closes or has been sent so many.</summary>
    /// <returns>Whether the server ended it.</returns>
    public async Task<bool> FloodAsync(int count, Func<int, Task> send)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                await send(i);
            }

            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>The next frame; null at the end of the connection.</summary>
    public async Task<Frame?> ReadAsync()
    {
        var head = new byte[9];
        try
        {
            await _stream!.ReadExactlyAsync(head);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
            await _stream.ReadExactlyAsync(payload);
            return new Frame((FrameType)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads up to a frame of this type; null when the connection ends before.</summary>
    public async Task<Frame?> ReadAsync(FrameType type)
    {
        Frame? frame;
        do
        {
            frame = await ReadAsync();
        }
        while (frame is { } read && read.Type != type);
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        _client.Dispose();
    }

    /// <summary>Literal without indexing, new name (RFC 7541 §6.2.2).</summary>
    private static void Literal(List<byte> block, string name, string value)
    {
        block.Add(0);
        foreach (var text in new[] { name, value })
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var rest = bytes.Length - 127;
            block.Add((byte)Math.Min(127, bytes.Length));
            for (; rest >= 0; rest = rest < 128 ? -1 : rest >> 7)
            {
                block.Add((byte)(rest < 128 ? rest : (rest & 127) | 128));
            }

            block.AddRange(bytes);
        }
    }
}
