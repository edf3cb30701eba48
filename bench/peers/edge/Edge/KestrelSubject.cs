using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Quoin.Quic;

namespace Quoin.Peers.Edge;

/// <summary>The yardstick: a minimal app on Kestrel with routing, and nothing that it does not need.</summary>
internal static class KestrelSubject
{
    public static async Task RunAsync(int port, int tlsPort, string folder, string certificate, string key)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        using var own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), password: null);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, listener => listener.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, tlsPort, listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2AndHttp3;
                listener.UseHttps(own);
            });
        });
        builder.WebHost.UseQuoinQuic(new QuicTransportOptions());
        await using var app = builder.Build();
        app.MapGet("/plaintext", () => Payload.Text);
        app.MapGet("/json", () => new Payload(Payload.Text));
        app.MapGet("/memory", Payload.ManagedBytes);
        app.MapGet("/ws", Echo(app));
        app.MapGet("/static/{**path}", Files(app, folder));
        await app.RunAsync();
    }

    // Both in pipelines of their own, so that the other routes do not pass through them.
    private static RequestDelegate Echo(IEndpointRouteBuilder routes)
    {
        var branch = routes.CreateApplicationBuilder().UseWebSockets();
        branch.Run(EchoAsync);
        return branch.Build();
    }

    private static RequestDelegate Files(IEndpointRouteBuilder routes, string folder)
    {
        var branch = routes.CreateApplicationBuilder();
        branch.Use((context, next) =>
        {
            // Static files leave alone what has an endpoint.
            context.SetEndpoint(endpoint: null);
            return next(context);
        });
        branch.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new PhysicalFileProvider(folder),
            RequestPath = "/static",
            ServeUnknownFileTypes = true,
        });
        return branch.Build();
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[4096];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(
                    WebSocketCloseStatus.NormalClosure, statusDescription: null, context.RequestAborted);
                return;
            }

            await socket.SendAsync(
                buffer.AsMemory(0, part.Count), part.MessageType, part.EndOfMessage, context.RequestAborted);
        }
    }
}
