using System.Globalization;
using System.Net;
using Quoin.Quic;
using Quoin.Quic.Http3;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>
/// HTTP/3 by Quoin.Quic over one connection, made with the first request and anew after it was lost. .NET's own client
/// has HTTP/3 only where msquic is installed.
/// </summary>
internal sealed class Http3Handler(LoadTarget target) : HttpMessageHandler, IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private Http3Client? _client;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellationToken) : null;
        var client = await ConnectAsync(cancellationToken);
        try
        {
            var response = await client.SendAsync(
                new Http3Request
                {
                    Method = request.Method.Method,
                    Authority = request.Headers.Host ?? target.Url.Authority,
                    Path = target.Url.PathAndQuery,
                    Headers = [.. HeadersOf(request, body)],
                    Body = body,
                }, cancellationToken);
            return AnswerOf(response);
        }
        catch (Http3Exception e)
        {
            throw new HttpRequestException(HttpRequestError.InvalidResponse, e.Message, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _client, null) is { } client)
        {
            await client.DisposeAsync();
        }

        Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gate.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<Http3Client> ConnectAsync(CancellationToken cancellationToken)
    {
        if (_client is { } known && !known.Connection.Closed.IsCompleted)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_client is { } other && !other.Connection.Closed.IsCompleted)
            {
                return other;
            }

            if (_client is { } lost)
            {
                await lost.DisposeAsync();
            }

            var connection = await QuicEndpoint.ConnectAsync(
                new QuicConnectOptions
                {
                    RemoteEndPoint = target.EndPoint,
                    Tls = target.Tls([Http3Client.Protocol]),
                    Transport = new QuicTransportOptions { HandshakeTimeout = target.Options.Timeout },
                }, cancellationToken: cancellationToken);
            return _client = await Http3Client.StartAsync(connection, cancellationToken);
        }
        catch (QuicException e)
        {
            throw new HttpRequestException(
                e.End == QuicEnd.Transport ? HttpRequestError.SecureConnectionError : HttpRequestError.ConnectionError,
                e.Message, e);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static IEnumerable<(string Name, string Value)> HeadersOf(HttpRequestMessage request, byte[]? body)
    {
        var headers = request.Headers.NonValidated.Where(header => header.Key != "Host")
            .Concat(request.Content?.Headers.NonValidated ?? default);
        foreach (var (name, values) in headers)
        {
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            {
                yield return (name.ToLowerInvariant(), values.ToString());
            }
        }

        if (body is not null)
        {
            yield return ("content-length", body.Length.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static HttpResponseMessage AnswerOf(Http3Response response)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)response.Status)
        {
            Version = HttpVersion.Version30,
            Content = new StreamContent(new BodyStream(response)),
        };
        foreach (var (name, value) in response.Headers)
        {
            if (!answer.Headers.TryAddWithoutValidation(name, value))
            {
                answer.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return answer;
    }

    private sealed class BodyStream(Http3Response response) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await response.ReadAsync(buffer, cancellationToken);
            }
            catch (Http3Exception e)
            {
                throw new HttpIOException(HttpRequestError.InvalidResponse, e.Message, e);
            }
        }

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask DisposeAsync()
        {
            await response.DisposeAsync();
            await base.DisposeAsync();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
