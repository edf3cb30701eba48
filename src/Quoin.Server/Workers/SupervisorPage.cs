using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Workers;

/// <summary>
/// The metrics page of all processes, on the port of metrics where there is one, and on a socket for the workers, who
/// give it on their main port.
/// </summary>
internal sealed class SupervisorPage(
    Supervisor supervisor, MetricRegistry registry, MetricsOptions options, bool sharedCache) : IAsyncDisposable
{
    private WebApplication? _app;

    /// <exception cref="IOException">The port is taken.</exception>
    public Task StartAsync(string folder, Listeners listeners, CancellationToken cancellationToken)
    {
        registry.Callback(
            new("quoin_worker_up", "quoin.worker.up", null, "1 while the worker takes requests.", "worker"),
            MetricKind.Gauge, () => supervisor.Status.Up());
        registry.Callback(
            new("quoin_worker_restarts_total", "quoin.worker.restarts", "{restart}",
                "Workers that were replaced.", "reason"),
            MetricKind.Counter, () => supervisor.Status.Restarts());
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "quoin" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            if (listeners.MetricsPort is { } port)
            {
                kestrel.UseHttpEdge(listeners.Edge with
                {
                    Port = port,
                    CertificateFile = null,
                    CertificateKeyFile = null,
                });
            }

            kestrel.ListenUnixSocket(
                WorkerIdentity.PageSocketOf(folder), listener => listener.Protocols = HttpProtocols.Http1);
        });
        _app = builder.Build();
        _app.Run(HandleAsync);
        return _app.StartAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (!options.Enabled || http.Request.Path != options.Path
            || !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var openMetrics = MetricsPage.PrefersOpenMetrics(http.Request.Headers.Accept);
        http.Response.ContentType = openMetrics ? MetricsPage.OpenMetricsType : MetricsPage.TextType;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.Vary = "Accept";
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        var own = new System.Buffers.ArrayBufferWriter<byte>();
        new MetricsPage(registry).Write(own, openMetrics: false);
        var all = await supervisor.ReadPagesAsync(
            PageSamples.Read(own.WrittenSpan), sharedCache, http.RequestAborted);
        var text = new StringBuilder();
        all.Write(text, openMetrics);
        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);
    }
}
