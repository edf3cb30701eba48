using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quoin.Quic;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>Kestrel with HTTP/3 alone on a free port, and handlers that judges ask for.</summary>
internal sealed class QuicHost : IAsyncDisposable
{
    /// <summary>Tells which protocol it came by, after an upload.</summary>
    private const string Page = """
        <!doctype html><body>nothing<script>
        fetch('/echo', {method: 'POST', body: 'x'.repeat(100000)}).then(answer => answer.text()).then(text =>
          document.body.textContent =
            `protocol=${performance.getEntriesByType('navigation')[0].nextHopProtocol} echoed=${text.length}`);
        </script></body>
        """;

    private readonly WebApplication _app;
    private int _posts;
    private int _runs;

    private QuicHost(WebApplication app) => _app = app;

    public int Port { get; private set; }

    public string Url => $"https://localhost:{Port}";

    /// <summary>Requests whose handler has run.</summary>
    public int Runs => _runs;

    public int Posts => _posts;

    /// <summary>Completes when a handler's request was aborted.</summary>
    public TaskCompletionSource Aborted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets the handler of <c>/wait</c> end.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the handler of <c>/wait</c> has begun.</summary>
    public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<QuicHost> StartAsync(QuicTransportOptions? options = null,
        Action<HttpsConnectionAdapterOptions>? https = null, TlsHandshakeCallbackOptions? callback = null,
        X509Certificate2? certificate = null, IPAddress? address = null)
    {
        QuicPair.Skip();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .UseQuoinQuic(options ?? new QuicTransportOptions { Loops = 1 })
            .ConfigureKestrel(kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Listen(address ?? IPAddress.Loopback, 0, listener =>
                {
                    listener.Protocols = HttpProtocols.Http3;
                    if (callback is null)
                    {
                        listener.UseHttps(certificate ?? TestCertificate.Create(), https ?? (_ => { }));
                    }
                    else
                    {
                        listener.UseHttps(callback);
                    }
                });
            });
        var app = builder.Build();
        var host = new QuicHost(app);
        host.Map(app);
        await app.StartAsync();
        host.Port = new Uri(app.Urls.Single()).Port;
        return host;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Release.TrySetResult();
        await _app.DisposeAsync();
    }

    private void Map(WebApplication app)
    {
        app.UseSafeEarlyData();
        app.Use(next => context =>
        {
            Interlocked.Increment(ref _runs);
            return next(context);
        });
        app.UseRouting();
        app.MapGet("/", Hello);
        app.MapPost("/echo", (RequestDelegate)(context =>
            context.Request.BodyReader.CopyToAsync(context.Response.BodyWriter, context.RequestAborted)));
        app.MapPost("/post", (RequestDelegate)(context =>
        {
            Interlocked.Increment(ref _posts);
            return context.Response.WriteAsync("posted");
        }));
        app.MapPost("/ignore", (RequestDelegate)(context => context.Response.WriteAsync("ignored")));
        app.MapGet("/abort", (RequestDelegate)(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        }));
        app.MapGet("/bytes/{count:int}", (RequestDelegate)BytesAsync);
        app.MapPost("/hash", (RequestDelegate)HashAsync);
        app.MapGet("/trailer", (RequestDelegate)(async context =>
        {
            await context.Response.WriteAsync("body");
            context.Response.AppendTrailer("X-Checksum", "42");
        }));
        app.MapGet("/page", (RequestDelegate)(context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync(Page);
        }));
        app.MapGet("/wait", (RequestDelegate)WaitAsync);
        app.MapGet("/hang", (RequestDelegate)HangAsync);
    }

    private static Task Hello(HttpContext context) => context.Response.WriteAsync(
        $"hello {context.Request.Protocol} from {context.Connection.RemoteIpAddress} "
        + $"early={context.Features.Get<IQuicEarlyDataFeature>()?.ReceivedEarlyData} "
        + $"certificate={context.Connection.ClientCertificate?.Subject ?? "none"}");

    private static async Task BytesAsync(HttpContext context)
    {
        var left = int.Parse((string)context.Request.RouteValues["count"]!,
            System.Globalization.CultureInfo.InvariantCulture);
        var chunk = new byte[65536];
        while (left > 0)
        {
            var count = Math.Min(left, chunk.Length);
            await context.Response.Body.WriteAsync(chunk.AsMemory(0, count), context.RequestAborted);
            left -= count;
        }
    }

    private static async Task HashAsync(HttpContext context) => await context.Response.WriteAsync(
        Convert.ToHexStringLower(await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted)));

    private async Task WaitAsync(HttpContext context)
    {
        await context.Response.WriteAsync("first;");
        await context.Response.Body.FlushAsync();
        Waiting.TrySetResult();
        await Release.Task;
        await context.Response.WriteAsync("last");
    }

    private async Task HangAsync(HttpContext context)
    {
        await context.Response.WriteAsync("begun");
        await context.Response.Body.FlushAsync();
        Waiting.TrySetResult();
        await using var registration = context.RequestAborted.Register(() => Aborted.TrySetResult());
        await Aborted.Task;
    }
}
