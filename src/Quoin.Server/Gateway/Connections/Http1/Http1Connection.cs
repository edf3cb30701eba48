using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>
/// One HTTP/1.1 connection (RFC 9112), one exchange at a time:
/// 1. Write the head and as much of the body as fits in one buffer, then the rest.
/// 2. Read until the response head is whole; interim responses are passed over.
/// 3. Hand out the body as it comes, by its framing.
/// 4. Back to the pool if the body was read to its end and the provider keeps the connection.
/// The whole request is written before the response is read: a provider that answers a request it has not read, with
/// more than the sockets hold, waits for the attempt's time limit.
/// </summary>
internal sealed class Http1Connection(Stream stream, Socket socket, long opened) : IDisposable
{
    private readonly Http1ResponseHead _head = new();
    private byte[] _buffer = [];
    private int _headEnd;
    private int _start;             // of bytes that were read and not yet used, behind the head
    private int _end;
    private long _left;             // bytes of the body to come, with BodyFraming.Length
    private ChunkedDecoder _chunks;
    private bool _bodyEnded;
    private bool _broken;

    public long Opened { get; } = opened;

    /// <summary>It has served an exchange before.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Timestamp at which it came back to the pool.</summary>
    public long IdleSince { get; private set; }

    /// <summary>Any byte of a response to the present request has come.</summary>
    public bool Answered { get; private set; }

    public Http1ResponseHead Head => _head;

    public ReadOnlySpan<byte> HeadBytes => _buffer.AsSpan(0, _headEnd);

    /// <summary>After the exchange: whether another one can follow.</summary>
    public bool Reusable => _bodyEnded && !_broken && _head.KeepAlive && _start == _end;

    /// <summary>The provider has closed it, or sent what nobody asked for.</summary>
    public bool IsStale()
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Sends a request and reads the head of its response.</summary>
    /// <exception cref="IOException">The connection broke, or what came is no response.</exception>
    public async ValueTask SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        Answered = _bodyEnded = false;
        _broken = true;
        _headEnd = _start = _end = 0;
        _head.Reset();
        try
        {
            await WriteAsync(request, cancellationToken);                                          // 1
        }
        catch (IOException) when (!IsCancelled(cancellationToken) && IsStale())
        {
            // A provider may refuse a body before it has read it all: its answer says more than the broken pipe.
        }

        for (var interim = 0; !TryBeginBody(ref interim);)                                         // 2
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw Ended();
            }

            Answered = true;
            _end += read;
        }

        _broken = false;
    }

    /// <summary>The next bytes of the body; 0 at its end.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)      // 3
    {
        if (_bodyEnded || destination.IsEmpty)
        {
            return new(0);
        }

        if (_start < _end)
        {
            var count = TakeBuffered(destination.Span);
            if (count > 0 || _bodyEnded)
            {
                return new(count);
            }
        }

        return ReceiveAsync(destination, cancellationToken);
    }

    /// <summary>Gives the buffer back: an idle connection holds no memory but its own.</summary>
    public void Rest(long now)
    {
        (IsUsed, IdleSince) = (true, now);
        ReleaseBuffer();
    }

    public void Dispose()
    {
        ReleaseBuffer();
        stream.Dispose();
        socket.Dispose();
    }

    private void ReleaseBuffer()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private static bool IsCancelled(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested;

    private ValueTask WriteAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var length = WriteHead(request);
        var (head, middle, tail) = (request.BodyHead, request.BodyMiddle, request.BodyTail);
        length += Fill(length, ref head);
        length += Fill(length, ref middle);
        length += Fill(length, ref tail);
        var first = stream.WriteAsync(_buffer.AsMemory(0, length), cancellationToken);
        return head.IsEmpty && tail.IsEmpty && middle.IsEmpty
            ? first
            : WriteRestAsync(first, head, middle, tail, cancellationToken);
    }

    private async ValueTask WriteRestAsync(
        ValueTask first, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> middle, ReadOnlyMemory<byte> tail,
        CancellationToken cancellationToken)
    {
        await first;
        await stream.WriteAsync(head, cancellationToken);
        if (!middle.IsEmpty)
        {
            await stream.WriteAsync(middle, cancellationToken);
        }

        if (!tail.IsEmpty)
        {
            await stream.WriteAsync(tail, cancellationToken);
        }
    }

    private int WriteHead(UpstreamRequest request)
    {
        var target = request.Target.RequestLineAndHost;
        var fields = request.Fields;
        var isPost = request.Method != HttpMethod.Get;
        var needed = request.Method.Method.Length + target.Length + fields.Length + 96;
        ReleaseBuffer();
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(
            needed, Math.Clamp(needed + request.BodyLength, Http1Limits.FirstBufferBytes, Http1Limits.BufferBytes)));
        var span = _buffer.AsSpan();
        var length = Encoding.ASCII.GetBytes(request.Method.Method, span);
        target.CopyTo(span[length..]);
        length += target.Length;
        fields.CopyTo(span[length..]);
        length += fields.Length;
        if (isPost)
        {
            var framing = "Content-Type: application/json\r\nContent-Length: "u8;
            framing.CopyTo(span[length..]);
            length += framing.Length;
            request.BodyLength.TryFormat(span[length..], out var digits, default, CultureInfo.InvariantCulture);
            length += digits;
            span[length++] = (byte)'\r';
            span[length++] = (byte)'\n';
        }

        span[length++] = (byte)'\r';
        span[length++] = (byte)'\n';
        return length;
    }

    /// <summary>Copies what fits into the buffer, and leaves the rest.</summary>
    private int Fill(int at, ref ReadOnlyMemory<byte> piece)
    {
        var count = Math.Min(piece.Length, _buffer.Length - at);
        piece.Span[..count].CopyTo(_buffer.AsSpan(at));
        piece = piece[count..];
        return count;
    }

    /// <summary>True when the head of the final response is in; else there is room for more bytes.</summary>
    private bool TryBeginBody(ref int interim)
    {
        while ((_headEnd = _head.Read(_buffer.AsSpan(0, _end))) > 0)
        {
            if (_head.Status >= 200)
            {
                BeginBody();
                return true;
            }

            if (_head.Status == 101 || ++interim > Http1Limits.InterimResponses)
            {
                throw new HttpIOException(
                    HttpRequestError.InvalidResponse, "it switches protocols or sends interim responses without end");
            }

            _buffer.AsSpan(_headEnd, _end - _headEnd).CopyTo(_buffer);
            _end -= _headEnd;
            _head.Reset();
        }

        if (_end == _buffer.Length)
        {
            GrowBuffer(_buffer.Length * 2);
        }

        return false;
    }

    private void BeginBody()
    {
        _start = _headEnd;
        _left = _head.ContentLength;
        _chunks.Reset();
        _bodyEnded = _head.Framing == BodyFraming.Length && _left == 0;
        if (_head.Framing == BodyFraming.Chunked && _buffer.Length < Http1Limits.BufferBytes)
        {
            GrowBuffer(Http1Limits.BufferBytes);
        }
    }

    private void GrowBuffer(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(bytes);
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    /// <summary>Takes what has come already.</summary>
    private int TakeBuffered(Span<byte> destination)
    {
        var source = _buffer.AsSpan(_start, _end - _start);
        if (_head.Framing == BodyFraming.Chunked)
        {
            Decode(source, destination, out var used, out var written);
            _start += used;
            return written;
        }

        var count = Math.Min(source.Length, destination.Length);
        if (_head.Framing == BodyFraming.Length)
        {
            count = (int)Math.Min(count, _left);
            _left -= count;
            _bodyEnded = _left == 0;
        }

        source[..count].CopyTo(destination);
        _start += count;
        return count;
    }

    private void Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int used, out int written)
    {
        try
        {
            _chunks.Decode(source, destination, out used, out written);
            _bodyEnded = _chunks.IsDone;
        }
        catch (HttpIOException)
        {
            _broken = true;
            throw;
        }
    }

    // Pooled: a stream has one for each of its events that has to be waited for.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        _broken = true;
        while (true)
        {
            var chunked = _head.Framing == BodyFraming.Chunked;
            var target = chunked ? _buffer.AsMemory(_headEnd)
                : _head.Framing == BodyFraming.Length && _left < destination.Length ? destination[..(int)_left]
                : destination;
            var read = await stream.ReadAsync(target, cancellationToken);
            if (read == 0)
            {
                _bodyEnded = _head.Framing == BodyFraming.UntilClose ? true : throw Ended();
                return 0;
            }

            if (chunked)
            {
                (_start, _end) = (_headEnd, _headEnd + read);
                read = TakeBuffered(destination.Span);
                if (read == 0 && !_bodyEnded)
                {
                    continue;
                }
            }
            else if (_head.Framing == BodyFraming.Length)
            {
                _left -= read;
                _bodyEnded = _left == 0;
            }

            _broken = false;
            return read;
        }
    }

    private static HttpIOException Ended() => new(HttpRequestError.ResponseEnded, "its connection ended too early");
}
