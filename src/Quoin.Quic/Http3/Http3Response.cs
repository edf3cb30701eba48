using System.Buffers;
using System.Globalization;

namespace Quoin.Quic.Http3;

/// <summary>An answer of the HTTP/3 client; its body is read as it comes. One reader.</summary>
public sealed class Http3Response : IAsyncDisposable
{
    private const long DataFrame = 0;
    private const long HeadersFrame = 1;

    private readonly QuicStream _stream;
    private readonly FrameReader _frames;
    private long _left;
    private bool _ended;

    internal Http3Response(QuicStream stream)
    {
        _stream = stream;
        _frames = new FrameReader(stream.Input);
    }

    /// <summary>Such as 200.</summary>
    public int Status { get; private set; }

    /// <summary>The fields of the header, without the status.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; private set; } = [];

    /// <summary>The fields after the body, once that is read.</summary>
    public IReadOnlyList<(string Name, string Value)> Trailers { get; private set; } = [];

    /// <summary>The request's body on its way; a server may answer before it has it all.</summary>
    internal Task Sending { get; set; } = Task.CompletedTask;

    /// <summary>Reads some of the body; 0: it has ended.</summary>
    /// <exception cref="Http3Exception">The server has broken HTTP/3.</exception>
    /// <exception cref="QuicException">The connection or the stream has ended.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken = default)
    {
        while (_left == 0 && !_ended)
        {
            var type = await _frames.ReadIntegerAsync(cancellationToken);
            if (type is null)
            {
                _ended = true;
                break;
            }

            var length = await LengthAsync(cancellationToken);
            switch (type)
            {
                case DataFrame:
                    _left = length;
                    break;
                case HeadersFrame:
                    Trailers = await FieldsAsync(length, cancellationToken);
                    break;
                default:
                    await _frames.SkipAsync(length, cancellationToken);
                    break;
            }
        }

        if (_ended)
        {
            return 0;
        }

        var count = await _frames.ReadSomeAsync(target, _left, cancellationToken);
        _left -= count;
        return count;
    }

    /// <summary>The whole body.</summary>
    /// <param name="most">A longer one is a fault.</param>
    /// <exception cref="Http3Exception">It is longer, or the server has broken HTTP/3.</exception>
    public async Task<byte[]> ReadToEndAsync(int most = 64 << 20, CancellationToken cancellationToken = default)
    {
        using var body = new MemoryStream();
        var chunk = ArrayPool<byte>.Shared.Rent(16_384);
        try
        {
            int count;
            while ((count = await ReadAsync(chunk, cancellationToken)) > 0)
            {
                if (body.Length + count > most)
                {
                    throw new Http3Exception($"the body is longer than {most} bytes");
                }

                body.Write(chunk.AsSpan(0, count));
            }
        }
        finally
        {
            // Nobody writes to it any more: a read that was cancelled has ended.
            ArrayPool<byte>.Shared.Return(chunk);
        }

        return body.ToArray();
    }

    /// <summary>Gives the stream back; what was not read is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Sending;
        }
        catch (Exception e) when (e is QuicException or OperationCanceledException)
        {
            // The server did not want the rest of it.
        }

        await _stream.DisposeAsync();
    }

    internal async Task ReadHeaderAsync(CancellationToken cancellationToken)
    {
        // Before the final answer there may be interim ones (1xx), and frames that nobody knows.
        do
        {
            var type = await _frames.ReadIntegerAsync(cancellationToken)
                ?? throw new Http3Exception("the stream has ended without an answer");
            var length = await LengthAsync(cancellationToken);
            if (type == DataFrame)
            {
                throw new Http3Exception("the body came before the header");
            }

            if (type != HeadersFrame)
            {
                await _frames.SkipAsync(length, cancellationToken);
                continue;
            }

            var fields = await FieldsAsync(length, cancellationToken);
            Status = fields is [(":status", var text), ..]
                && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status)
                && status is >= 100 and < 600
                ? status
                : throw new Http3Exception("the answer has no status");
            Headers = fields[1..];
        }
        while (Status < 200);
    }

    private async ValueTask<long> LengthAsync(CancellationToken cancellationToken) =>
        await _frames.ReadIntegerAsync(cancellationToken)
        ?? throw new Http3Exception("the stream has ended inside of a frame");

    private async ValueTask<List<(string Name, string Value)>> FieldsAsync(
        long length, CancellationToken cancellationToken) =>
        Qpack.Read(await _frames.ReadPayloadAsync(length, Http3Limits.HeaderBytes, cancellationToken))
        ?? throw new Http3Exception("the header fields are not packed right");
}
