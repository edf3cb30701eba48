namespace Quoin.Server.Gateway.Connections;

/// <summary>
/// The connections to one provider. Failures are <see cref="HttpRequestException"/> (with its
/// <see cref="HttpRequestError"/>) and <see cref="IOException"/>, whatever carries the call.
/// </summary>
internal abstract class UpstreamConnections
{
    /// <summary>
    /// Returns when the head of the response is in. The request's memory is used until the response is disposed of.
    /// </summary>
    public abstract ValueTask<UpstreamResponse> SendAsync(
        UpstreamRequest request, CancellationToken cancellationToken);
}
