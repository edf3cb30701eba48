using System.Net.WebSockets;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>Sends a message over a WebSocket of its own and waits for the next one that comes back.</summary>
internal sealed class WebSocketExchanger(LoadTarget target, HttpMessageInvoker dialer) : Exchanger
{
    private readonly ReadOnlyMemory<byte> _message = MessageOf(target.Options);
    private readonly byte[] _buffer = new byte[BenchmarkLimits.BufferBytes];
    private ClientWebSocket? _socket;

    public static HttpMessageHandler NewDialer(LoadTarget target) => new SocketsHttpHandler
    {
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = target.Options.Timeout,
        ActivityHeadersPropagator = null,
        SslOptions = target.Tls(protocols: null),
    };

    public override async ValueTask ConnectAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var begun = exchange.Clock.Now;
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            foreach (var (name, value) in target.Options.Headers)
            {
                socket.Options.SetRequestHeader(name, value);
            }

            await socket.ConnectAsync(AddressOf(target.Url), dialer, cancellationToken);
            (_socket, exchange.Connected) = (socket, exchange.Clock.Now - begun);
        }
        catch
        {
            exchange.Status = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw;
        }
    }

    public override async ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (_socket is null)
        {
            await ConnectAsync(exchange, cancellationToken);
        }

        exchange.HasConnection = true;
        var whole = false;
        try
        {
            await _socket!.SendAsync(_message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            exchange.BytesOut += _message.Length;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(_buffer.AsMemory(), cancellationToken);
                exchange.FirstByte ??= exchange.Clock.Now;
                exchange.BytesIn += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new IOException("the server closed the WebSocket");
            }

            exchange.Status = 101;
            whole = true;
            if (target.Options.NewConnections)
            {
                await _socket.CloseAsync(
                    WebSocketCloseStatus.NormalClosure, statusDescription: null, cancellationToken);
            }
        }
        finally
        {
            if (!whole || target.Options.NewConnections)
            {
                _socket?.Dispose();
                _socket = null;
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        _socket?.Dispose();
        _socket = null;
        return default;
    }

    private static Uri AddressOf(Uri url) => new UriBuilder(url)
    {
        Scheme = url.Scheme is "https" or "wss" ? "wss" : "ws",
        Port = url.Port,
    }.Uri;

    private static ReadOnlyMemory<byte> MessageOf(BenchmarkOptions options)
    {
        if (options.Body.Length > 0)
        {
            return options.Body;
        }

        var message = new byte[options.MessageBytes];
        message.AsSpan().Fill((byte)'a');
        return message;
    }
}
