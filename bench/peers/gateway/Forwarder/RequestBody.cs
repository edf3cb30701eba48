using System.Net;
using Microsoft.AspNetCore.Http;

namespace Quoin.Peers.Gateway;

/// <summary>The body of a request that is sent on as it arrives.</summary>
internal sealed class RequestBody(HttpRequest from) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        from.BodyReader.CopyToAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = from.ContentLength ?? 0;
        return from.ContentLength is not null;
    }
}
