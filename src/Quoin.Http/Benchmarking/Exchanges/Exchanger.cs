using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>
/// Makes one request after another. What goes wrong it throws; <see cref="FailureOf"/> says what that was. After a
/// failure the next exchange begins with a new connection.
/// </summary>
internal abstract class Exchanger : IAsyncDisposable
{
    /// <summary>Opens the connection ahead of the first exchange, where there is one of its own.</summary>
    public virtual ValueTask ConnectAsync(Exchange exchange, CancellationToken cancellationToken) => default;

    /// <summary>Sends a request and reads its whole answer, and notes what happened.</summary>
    public abstract ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    public static Failure FailureOf(Exception e, bool timeIsUp, bool hasConnection) => e switch
    {
        _ when timeIsUp => Failure.Timeout,
        AuthenticationException => Failure.Tls,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => Failure.Tls,
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
        } => Failure.Connect,
        HttpProtocolException refused => OfCode(refused.ErrorCode),
        HttpRequestException { InnerException: HttpProtocolException refused } => OfCode(refused.ErrorCode),
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => Failure.Reset,
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.VersionNegotiationError or HttpRequestError.InvalidResponse,
        } => Failure.Protocol,

        // How .NET's client tells, one time of thirty, of a server that answers HTTP/2's preface with something else.
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null } => Failure.Protocol,
        InvalidDataException or HttpIOException => Failure.Protocol,
        WebSocketException { WebSocketErrorCode: WebSocketError.ConnectionClosedPrematurely } => Failure.Reset,
        WebSocketException { InnerException: HttpRequestException inner } =>
            FailureOf(inner, timeIsUp, hasConnection),
        WebSocketException { InnerException: not IOException } => Failure.Protocol,
        SocketException or IOException when !hasConnection => Failure.Connect,
        _ => Failure.Reset,
    };

    /// <summary>
    /// Of HTTP/2 (RFC 9113 §7): who says that the other one broke the rules, or speaks HTTP/1.1 only. All other codes
    /// end a stream or connection that was in order.
    /// </summary>
    private static Failure OfCode(long code) => code is 1 or 3 or 5 or 6 or 9 or 13 ? Failure.Protocol : Failure.Reset;
}
