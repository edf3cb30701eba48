using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Quoin.Http;
using Quoin.Http.WebSockets;

namespace Quoin.Tests.Http.WebSockets;

/// <summary>A client that says what it is told to, right or wrong, and shows what comes byte for byte.</summary>
internal sealed class RawPeer : IDisposable
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>Status line and headers of the answer to the handshake.</summary>
    public string Head { get; private set; } = "";

    public static async Task<RawPeer> ConnectAsync(
        HttpApp app, string path = "/ws", string headers = "", int receiveBuffer = 0)
    {
        var peer = await AskAsync(
            app,
            $"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
            + $"Sec-WebSocket-Key: {Key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n",
            receiveBuffer);
        Assert.StartsWith("HTTP/1.1 101", peer.Head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", peer.Head, StringComparison.Ordinal);
        return peer;
    }

    /// <summary>Sends a whole request and reads the head of its answer.</summary>
    public static async Task<RawPeer> AskAsync(HttpApp app, string request, int receiveBuffer = 0)
    {
        var peer = new RawPeer();
        if (receiveBuffer > 0)
        {
            peer._socket.ReceiveBufferSize = receiveBuffer;
        }

        await peer._socket.ConnectAsync(IPAddress.Loopback, app.Addresses[0].Port);
        await peer.SendAsync(Encoding.ASCII.GetBytes(request));
        int end;
        while ((end = peer._buffer.AsSpan(0, peer._end).IndexOf("\r\n\r\n"u8)) < 0)
        {
            Assert.True(await peer.FillAsync());
        }

        peer.Head = Encoding.ASCII.GetString(peer._buffer, 0, end + 4);
        peer._start = end + 4;
        return peer;
    }

    public static byte[] Frame(
        int first, ReadOnlySpan<byte> payload, uint mask = 0x12345678, int? announced = null, bool masked = true)
    {
        var length = announced ?? payload.Length;
        var frame = new List<byte> { (byte)first };
        var bit = masked ? 0x80 : 0;
        if (length < 126)
        {
            frame.Add((byte)(bit | length));
        }
        else if (length <= ushort.MaxValue)
        {
            frame.AddRange([(byte)(bit | 126), (byte)(length >> 8), (byte)length]);
        }
        else
        {
            var eight = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(eight, length);
            frame.Add((byte)(bit | 127));
            frame.AddRange(eight);
        }

        var key = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(key, masked ? mask : 0);
        frame.AddRange(masked ? key : []);
        for (var i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ key[i & 3]));
        }

        return [.. frame];
    }

    public static byte[] Text(string text, bool final = true) =>
        Frame(final ? 0x81 : 0x01, Encoding.UTF8.GetBytes(text));

    public static byte[] Close(int code, string reason = "")
    {
        var payload = new byte[2 + Encoding.UTF8.GetByteCount(reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.GetBytes(reason, payload.AsSpan(2));
        return Frame(0x88, payload);
    }

    public async Task SendAsync(params byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            at += await _socket.SendAsync(bytes.AsMemory(at));
        }
    }

    /// <summary>The next frame; null: the server has ended the connection in good order.</summary>
    public async Task<(int First, byte[] Payload)?> ReadAsync()
    {
        if (!await NeedAsync(2))
        {
            return null;
        }

        var length = (int)_buffer[_start + 1];
        var header = 2;
        if (length == 126)
        {
            Assert.True(await NeedAsync(4));
            length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start + 2));
            header = 4;
        }
        else if (length == 127)
        {
            Assert.True(await NeedAsync(10));
            length = (int)BinaryPrimitives.ReadInt64BigEndian(_buffer.AsSpan(_start + 2));
            header = 10;
        }

        var first = _buffer[_start];
        _start += header;
        var payload = new byte[length];
        for (var at = 0; at < length;)
        {
            if (_start == _end && !await FillAsync())
            {
                return null;
            }

            var part = Math.Min(length - at, _end - _start);
            _buffer.AsSpan(_start, part).CopyTo(payload.AsSpan(at));
            (at, _start) = (at + part, _start + part);
        }

        return (first, payload);
    }

    /// <summary>Expects a text.</summary>
    public async Task<string> ReadTextAsync()
    {
        var frame = await ReadAsync();
        Assert.Equal(0x81, frame?.First);
        return Encoding.UTF8.GetString(frame!.Value.Payload);
    }

    /// <summary>Expects a close; 0: one without a code.</summary>
    public async Task<int> ReadCloseAsync()
    {
        var frame = await ReadAsync();
        Assert.Equal(0x88, frame?.First);
        return frame!.Value.Payload is [var high, var low, ..] ? (high << 8) | low : 0;
    }

    /// <summary>Whether the server ends the connection, in good order.</summary>
    public async Task<bool> EndsAsync() => await ReadAsync() is null;

    /// <summary>Whether the server breaks the connection off.</summary>
    public async Task<bool> BreaksAsync()
    {
        try
        {
            while (await ReadAsync() is not null)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void ShutDownSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> NeedAsync(int count)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync())
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> FillAsync()
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), patience.Token);
        _end += read;
        return read > 0;
    }
}

/// <summary>Apps with a WebSocket at /ws.</summary>
internal static class WebSocketApps
{
    /// <summary>Handlers go on on the reading thread: no test is to take it over.</summary>
    public static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TaskCompletionSource<T> NewSignal<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Task EchoAsync(WebSocketConnection socket) => EchoAsync(socket, CancellationToken.None);

    public static async Task EchoAsync(WebSocketConnection socket, CancellationToken cancellationToken)
    {
        await foreach (var message in socket.ReadAsync(cancellationToken))
        {
            await socket.SendAsync(message, cancellationToken);
        }
    }

    public static async Task<HttpApp> StartAsync(
        Func<WebSocketConnection, Task>? handler = null, HttpAppOptions? options = null)
    {
        var app = new HttpApp((options ?? new()) with { Port = 0 });
        app.WebSocket("/ws", handler ?? EchoAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
