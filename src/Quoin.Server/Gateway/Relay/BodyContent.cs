using System.Net;
using System.Net.Http.Headers;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// A request body of up to three pieces: the client's own bytes with the model's name spliced in, or the whole of a
/// translated body. The memory stays the caller's until the exchange with the upstream is over.
/// </summary>
internal sealed class BodyContent : HttpContent
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly ReadOnlyMemory<byte> _head;
    private readonly ReadOnlyMemory<byte> _middle;
    private readonly ReadOnlyMemory<byte> _tail;

    public BodyContent(
        ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> middle = default, ReadOnlyMemory<byte> tail = default)
    {
        (_head, _middle, _tail) = (head, middle, tail);
        Headers.ContentType = Json;
    }

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        if (!_middle.IsEmpty)
        {
            await stream.WriteAsync(_middle, cancellationToken);
            await stream.WriteAsync(_tail, cancellationToken);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = _head.Length + _middle.Length + _tail.Length;
        return true;
    }
}
