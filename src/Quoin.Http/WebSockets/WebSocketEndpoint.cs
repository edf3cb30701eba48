using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quoin.Http.WebSockets.Handshake;

namespace Quoin.Http.WebSockets;

/// <summary>A route's handshake, and then its handler.</summary>
internal sealed class WebSocketEndpoint(
    Func<WebSocketConnection, Task> handler, IReadOnlyList<string> subProtocols, HttpAppOptions options)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var upgraded = await Upgrade.TryAsync(context, options.WebSocket, subProtocols);
        if (upgraded.Stream is null)
        {
            WebSocketMetrics.Refused(upgraded.Status);
            await Problem.WriteAsync(context, upgraded.Status, upgraded.Fault, context.RequestAborted);
            return;
        }

        var services = context.RequestServices;
        var logger = services.GetRequiredService<ILogger<WebSocketConnection>>();
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        WebSocketMetrics.Opened();
        var connection = new WebSocketConnection(context, upgraded, options, logger);
        try
        {
            await using IAsyncDisposable held = connection;
            await connection.RunAsync(handler, stopping);
        }
        finally
        {
            WebSocketMetrics.Closed(connection.CloseCode ?? WebSocketCloseCode.Abnormal);
        }
    }
}
