using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quoin.Peers.Gateway;

/// <summary>
/// One HTTP/1.1 client connection over a bare socket, for one request at a time: HttpClient would cost as much as
/// what is measured. Bodies with Content-Length and chunked bodies are understood; their bytes are handed on as they
/// arrive, with the time at which the socket gave them.
/// </summary>
internal sealed class Connection(Uri url) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private Socket? _socket;
    private int _start;
    private int _end;
    private long _received;

    /// <summary>Receives the body's bytes and the <see cref="Stopwatch"/> time of their arrival.</summary>
    public delegate void BodyReader(ReadOnlySpan<byte> bytes, long received);

    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(IPAddress.Parse(url.Host), url.Port, cancellationToken);
        _start = _end = 0;
    }

    /// <summary>Sends the request and reads the whole answer.</summary>
    /// <returns>The answer's status.</returns>
    /// <exception cref="IOException">The answer is cut off or not HTTP/1.1.</exception>
    public async ValueTask<int> ExchangeAsync(
        ReadOnlyMemory<byte> request, BodyReader read, CancellationToken cancellationToken)
    {
        if (_socket is null)
        {
            await ConnectAsync(cancellationToken);
        }

        var unsent = request;
        while (!unsent.IsEmpty)
        {
            unsent = unsent[await _socket!.SendAsync(unsent, cancellationToken)..];
        }

        var head = await ReadHeadAsync(cancellationToken);
        if (head.ContentLength is { } length)
        {
            await ReadBytesAsync(length, read, cancellationToken);
        }
        else
        {
            await ReadChunksAsync(read, cancellationToken);
        }

        if (head.Close)
        {
            Dispose();
        }

        return head.Status;
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async ValueTask<Head> ReadHeadAsync(CancellationToken cancellationToken)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await FillAsync(cancellationToken);
        }

        var text = Encoding.ASCII.GetString(_buffer, _start, length);
        _start += length + 4;
        return Head.Parse(text);
    }

    private async ValueTask ReadBytesAsync(long length, BodyReader read, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (_start == _end)
            {
                await FillAsync(cancellationToken);
            }

            var part = (int)Math.Min(length, _end - _start);
            read(_buffer.AsSpan(_start, part), _received);
            _start += part;
            length -= part;
        }
    }

    private async ValueTask ReadChunksAsync(BodyReader read, CancellationToken cancellationToken)
    {
        while (true)
        {
            var size = await ReadLineAsync(cancellationToken);
            if (!Utf8Parser.TryParse(size.Span, out int length, out _, 'x') || length < 0)
            {
                throw new IOException("not a chunk size: " + Encoding.ASCII.GetString(size.Span));
            }

            await ReadBytesAsync(length, read, cancellationToken);
            var end = await ReadLineAsync(cancellationToken);
            if (end.Length != 0)
            {
                throw new IOException("a chunk is longer than it says");
            }

            if (length == 0)
            {
                return;
            }
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken cancellationToken)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
        {
            await FillAsync(cancellationToken);
        }

        var line = _buffer.AsMemory(_start, length);
        _start += length + 2;
        return line;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            throw new IOException("a line or the headers of the answer are too long");
        }

        var read = await _socket!.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        _received = Stopwatch.GetTimestamp();
        _end += read > 0 ? read : throw new IOException("the connection was closed inside an answer");
    }
}
