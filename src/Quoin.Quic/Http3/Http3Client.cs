using System.Buffers;
using System.Net.Security;

namespace Quoin.Quic.Http3;

/// <summary>A request of the HTTP/3 client.</summary>
public sealed record Http3Request
{
    /// <summary>Default GET.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Host and port.</summary>
    public required string Authority { get; init; }

    /// <summary>Path and query.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Other fields; names in lower case.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The body; empty: none.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }
}

/// <summary>
/// HTTP/3 (RFC 9114) over a <see cref="QuicConnection"/>, as much as load generators and tests need: requests in
/// parallel, header fields without a dynamic table, bounded answers. No push, no redirects, no pool.
/// </summary>
public sealed class Http3Client : IAsyncDisposable
{
    private const long NoError = 0x100;
    private const long DataFrame = 0;
    private const long HeadersFrame = 1;
    private const long SettingsFrame = 4;
    private const long ControlStream = 0;

    private readonly QuicConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private QuicStream? _control;
    private Task _listening = Task.CompletedTask;

    private Http3Client(QuicConnection connection) => _connection = connection;

    /// <summary>What is to be agreed on in the handshake.</summary>
    public static SslApplicationProtocol Protocol => SslApplicationProtocol.Http3;

    /// <summary>The connection that it speaks over, and closes.</summary>
    public QuicConnection Connection => _connection;

    /// <summary>Begins to speak HTTP/3 on a connection.</summary>
    public static async Task<Http3Client> StartAsync(
        QuicConnection connection, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.DefaultCloseCode = NoError;
        var client = new Http3Client(connection);
        client._control = await connection.OpenStreamAsync(bidirectional: false, cancellationToken);

        // The control stream with empty settings: no dynamic table.
        await client._control.Output.WriteAsync(new byte[] { (byte)ControlStream, (byte)SettingsFrame, 0 },
            cancellationToken);
        client._listening = client.ListenAsync(client._stop.Token);
        return client;
    }

    /// <summary>
    /// Sends a request, and returns when the answer's header is there. The answer is to be disposed of.
    /// </summary>
    /// <exception cref="Http3Exception">The server has broken HTTP/3.</exception>
    /// <exception cref="QuicException">The connection or the stream has ended.</exception>
    public async Task<Http3Response> SendAsync(Http3Request request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var stream = await _connection.OpenStreamAsync(bidirectional: true, cancellationToken);
        stream.DefaultErrorCode = NoError;
        try
        {
            WriteHeader(stream.Output, request);
            if (!request.Body.IsEmpty)
            {
                WriteInteger(stream.Output, DataFrame);
                WriteInteger(stream.Output, request.Body.Length);
            }

            var response = new Http3Response(stream);
            var sending = SendBodyAsync(stream, request.Body, cancellationToken);
            await response.ReadHeaderAsync(cancellationToken);
            response.Sending = sending;
            return response;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _connection.DisposeAsync();
        await _listening;
        _stop.Dispose();
    }

    private static async Task SendBodyAsync(
        QuicStream stream, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        await stream.Output.WriteAsync(body, cancellationToken);
        await stream.Output.CompleteAsync();
    }

    private static void WriteHeader(IBufferWriter<byte> writer, Http3Request request)
    {
        var packed = new ArrayBufferWriter<byte>(256);
        Qpack.Write(packed,
        [
            (":method", request.Method), (":scheme", "https"), (":authority", request.Authority),
            (":path", request.Path), .. request.Headers,
        ]);
        WriteInteger(writer, HeadersFrame);
        WriteInteger(writer, packed.WrittenCount);
        writer.Write(packed.WrittenSpan);
    }

    private static void WriteInteger(IBufferWriter<byte> writer, long value)
    {
        var span = writer.GetSpan(8);
        if (value < 64)
        {
            span[0] = (byte)value;
            writer.Advance(1);
            return;
        }

        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(span, value);
        span[0] |= 0xc0;
        writer.Advance(8);
    }

    /// <summary>
    /// Takes the server's one-way streams; what they say changes nothing for a client without tables.
    /// </summary>
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var reading = new List<Task>();
        try
        {
            while (true)
            {
                var stream = await _connection.AcceptStreamAsync(cancellationToken);
                reading.Add(DrainAsync(stream, cancellationToken));
            }
        }
        catch (Exception e) when (e is QuicException or OperationCanceledException)
        {
            // The connection has ended.
        }

        await Task.WhenAll(reading);
    }

    private static async Task DrainAsync(QuicStream stream, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var read = await stream.Input.ReadAsync(cancellationToken);
                stream.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is QuicException or OperationCanceledException)
        {
            // The connection has ended.
        }
    }
}
