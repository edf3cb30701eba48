using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Quoin.Quic;

namespace Quoin.Peers.Quic;

/// <summary>Kestrel over our transport: a few bytes, files, and answers that wait.</summary>
internal static class Server
{
    public static async Task<int> RunAsync(int port, string certificate, string key, string folder, int streams)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .UseQuoinQuic(new QuicTransportOptions { EarlyData = true, MaxBidirectionalStreams = streams, Loops = 2 })
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listener =>
            {
                listener.Protocols = HttpProtocols.Http3;
                listener.UseHttps(X509Certificate2.CreateFromPemFile(certificate, key));
            }));
        var app = builder.Build();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.UseRouting();
        app.MapGet("/hello", context => context.Response.WriteAsync("hello"));
        app.MapGet("/wait", async context =>
        {
            await context.Response.WriteAsync("waiting");
            await context.Response.Body.FlushAsync();
            await release.Task;
        });
        app.MapGet("/release", context =>
        {
            release.TrySetResult();
            return context.Response.WriteAsync("released");
        });
        app.MapGet("/{file}", (HttpContext context) =>
            context.Response.SendFileAsync(Path.Combine(folder, Path.GetFileName(context.Request.Path.Value!))));
        await app.RunAsync();
        return 0;
    }
}
