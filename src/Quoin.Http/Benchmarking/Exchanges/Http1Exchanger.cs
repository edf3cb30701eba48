using System.Net.Sockets;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>
/// HTTP/1.1 over a connection of its own, one request at a time and without anything in between: HttpClient would cost
/// as much as what is measured.
/// </summary>
internal sealed class Http1Exchanger(LoadTarget target) : Exchanger
{
    private byte[] _buffer = new byte[BenchmarkLimits.BufferBytes];
    private Socket? _socket;
    private Stream? _stream;
    private int _start;
    private int _end;
    private long _lastUsed;

    public override async ValueTask ConnectAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var begun = exchange.Clock.Now;
        (_socket, _stream) = await target.ConnectAsync(cancellationToken);
        (_start, _end, exchange.Connected) = (0, 0, exchange.Clock.Now - begun);
        _lastUsed = exchange.Clock.Now;
    }

    public override async ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (IsStale(exchange.Clock.Now))
        {
            await DisposeAsync();
        }

        if (_stream is null)
        {
            await ConnectAsync(exchange, cancellationToken);
        }

        exchange.HasConnection = true;
        var keep = false;
        try
        {
            await _stream!.WriteAsync(target.Request, cancellationToken);
            exchange.BytesOut += target.Request.Length;
            var head = await ReadHeadAsync(exchange, cancellationToken);
            exchange.IsStream = head.IsEventStream;
            await (head.IsChunked
                ? ReadChunksAsync(exchange, cancellationToken)
                : ReadBytesAsync(head.Length, exchange, cancellationToken));
            keep = head is { KeepAlive: true, Status: not 101 } && (head.IsChunked || head.Length is not null)
                && !target.Options.NewConnections && _start == _end;
            _lastUsed = exchange.Clock.Now;
        }
        finally
        {
            if (!keep)
            {
                await DisposeAsync();
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        (_stream, _socket) = (null, null);
    }

    /// <summary>The server has closed it while nothing was asked of it: that is its right, and no fault.</summary>
    private bool IsStale(long now) =>
        _socket is not null && now - _lastUsed > BenchmarkLimits.FreshTime.Ticks
        && _socket.Poll(0, SelectMode.SelectRead);

    private async ValueTask<AnswerHead> ReadHeadAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        for (var interim = 0; ;)
        {
            var found = AnswerHead.TryRead(
                _buffer.AsSpan(_start, _end - _start), target.Options.Method, out var head, out var length);
            if (!found)
            {
                await FillAsync(exchange, cancellationToken);
                continue;
            }

            _start += length;
            if (head.Status >= 200)
            {
                exchange.Status = head.Status;
                return head;
            }

            if (head.Status == 101 || ++interim > BenchmarkLimits.InterimAnswers)
            {
                throw new InvalidDataException("the server switches protocols, or sends interim answers without end");
            }
        }
    }

    private async ValueTask ReadBytesAsync(long? length, Exchange exchange, CancellationToken cancellationToken)
    {
        for (var left = length ?? long.MaxValue; left > 0;)
        {
            if (_start == _end && !await TryFillAsync(exchange, cancellationToken))
            {
                if (length is null)
                {
                    return;
                }

                throw Ended();
            }

            var count = (int)Math.Min(left, _end - _start);
            exchange.Read(_buffer.AsSpan(_start, count), exchange.Clock.Now);
            _start += count;
            left -= count;
        }
    }

    private async ValueTask ReadChunksAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var chunks = default(Chunks);
        while (true)
        {
            chunks = ReadChunks(chunks, exchange);
            if (chunks.IsDone)
            {
                return;
            }

            await FillAsync(exchange, cancellationToken);
        }
    }

    private Chunks ReadChunks(Chunks chunks, Exchange exchange)
    {
        ReadOnlySpan<byte> source = _buffer.AsSpan(_start, _end - _start);
        for (var data = chunks.Next(ref source); !data.IsEmpty; data = chunks.Next(ref source))
        {
            exchange.Read(data, exchange.Clock.Now);
        }

        _start = _end - source.Length;
        return chunks;
    }

    private async ValueTask FillAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (!await TryFillAsync(exchange, cancellationToken))
        {
            throw Ended();
        }
    }

    private async ValueTask<bool> TryFillAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, 2 * BenchmarkLimits.HeadBytes));
        }

        var read = await _stream!.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        exchange.FirstByte ??= exchange.Clock.Now;
        exchange.BytesIn += read;
        _end += read;
        return read > 0;
    }

    private static IOException Ended() => new("the connection ended inside of an answer");
}
