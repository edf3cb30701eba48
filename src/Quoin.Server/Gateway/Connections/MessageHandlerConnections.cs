using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Quoin.Server.Gateway.Connections;

/// <summary>
/// Calls through a <see cref="HttpMessageHandler"/>: the simulated provider, and providers behind an HTTP proxy, which
/// .NET's own client knows how to use. The handler is let go with its provider, never disposed of: calls under way
/// finish on it.
/// </summary>
internal sealed class MessageHandlerConnections(HttpMessageInvoker handler) : UpstreamConnections
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public override async ValueTask<UpstreamResponse> SendAsync(
        UpstreamRequest request, CancellationToken cancellationToken)
    {
        var message = new HttpRequestMessage(request.Method, request.Target.Address)
        {
            Version = HttpVersion.Version11,
        };
        AddFields(request, message.Headers);
        if (request.Method != HttpMethod.Get)
        {
            message.Content = new PiecesContent(request);
            message.Content.Headers.ContentType = Json;
        }

        return new Response(message, await handler.SendAsync(message, cancellationToken));
    }

    private static void AddFields(UpstreamRequest request, HttpRequestHeaders headers)
    {
        var lines = Encoding.Latin1.GetString(request.Fields).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.TryAddWithoutValidation(line[..colon], line[(colon + 2)..]);
        }
    }

    private sealed class PiecesContent(UpstreamRequest request) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(request.BodyHead, cancellationToken);
            await stream.WriteAsync(request.BodyMiddle, cancellationToken);
            await stream.WriteAsync(request.BodyTail, cancellationToken);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = request.BodyLength;
            return true;
        }
    }

    private sealed class Response : UpstreamResponse
    {
        private readonly HttpRequestMessage _request;
        private readonly HttpResponseMessage _message;
        private readonly List<(byte[] Name, byte[] Value)> _fields = [];
        private Stream? _body;

        public Response(HttpRequestMessage request, HttpResponseMessage message)
        {
            (_request, _message) = (request, message);
            Collect(message.Headers);
            Collect(message.Content.Headers);
        }

        public override int Status => (int)_message.StatusCode;

        public override int FieldCount => _fields.Count;

        public override long? ContentLength => _message.Content.Headers.ContentLength;

        public override ReadOnlySpan<byte> FieldName(int index) => _fields[index].Name;

        public override ReadOnlySpan<byte> FieldValue(int index) => _fields[index].Value;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            _body ??= await _message.Content.ReadAsStreamAsync(cancellationToken);
            return await _body.ReadAsync(destination, cancellationToken);
        }

        public override void Dispose()
        {
            _message.Dispose();
            _request.Dispose();
        }

        private void Collect(HttpHeaders headers)
        {
            foreach (var (name, values) in headers.NonValidated)
            {
                foreach (var value in values)
                {
                    _fields.Add((Encoding.Latin1.GetBytes(name.ToLowerInvariant()), Encoding.Latin1.GetBytes(value)));
                }
            }
        }
    }
}
