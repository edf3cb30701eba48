using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The simulated provider on a port of its own: plays the replies of a <see cref="SimEngine"/>.</summary>
internal sealed class SimServer(SimEngine engine, TimeProvider time) : IAsyncDisposable
{
    private const int MaxBodyBytes = 64 << 20;

    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;

    /// <summary>Where it listens, once started.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Runs until cancelled, or until SIGINT or SIGTERM. Port 0 takes a free one.</summary>
    /// <exception cref="SimScenarioException">The scenario file is at fault.</exception>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task RunAsync(
        SimOptions options, SimDialects dialects, string host, int port, TextWriter output,
        CancellationToken cancellationToken)
    {
        var scenario = options.Scenario is { Length: > 0 } file ? SimScenarioReader.Load(file) : SimScenario.None;
        var engine = new SimEngine(options, scenario, dialects, TimeProvider.System, control: true);
        await using var server = new SimServer(engine, TimeProvider.System);
        await server.StartAsync(host, port, cancellationToken);
        var rules = scenario.Rules.Count switch { 0 => "no faults", 1 => "1 rule", var n => $"{n} rules" };
        var address = server.Address.GetLeftPart(UriPartial.Authority);
        await output.WriteLineAsync($"quoin sim listens on {address} ({rules})");
        await output.FlushAsync(cancellationToken);
        await server._app!.WaitForShutdownAsync(cancellationToken);
    }

    public async Task StartAsync(string host, int port, CancellationToken cancellationToken)
    {
        // An empty builder reads no files and no environment.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;

            // A stalled answer is one of the faults: no data rate is asked for.
            kestrel.Limits.MinResponseDataRate = null;
            Listen(kestrel, host, port);
        });
        builder.Services.Configure<HostOptions>(
            hostOptions => hostOptions.ShutdownTimeout = TimeSpan.FromSeconds(2));
        _app = builder.Build();
        _app.Lifetime.ApplicationStopping.Register(_stopping.Cancel);
        _app.Run(HandleAsync);
        await _app.StartAsync(cancellationToken);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        Address = new Uri(addresses!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is { } app)
        {
            await _stopping.CancelAsync();
            await app.StopAsync();
            await app.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private static void Listen(KestrelServerOptions kestrel, string host, int port)
    {
        static void UseHttp(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;
        if (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) && port != 0)
        {
            kestrel.ListenLocalhost(port, UseHttp);
        }
        else
        {
            var loopback = string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);
            kestrel.Listen(loopback ? IPAddress.Loopback : IPAddress.Parse(host), port, UseHttp);
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            using var body = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 0, MaxBodyBytes));
            await context.Request.Body.CopyToAsync(body, ended.Token);
            var reply = engine.Answer(new SimRequest(
                context.Request.Method,
                context.Request.Path.ToUriComponent(),
                context.Request.QueryString.Value ?? "",
                name => context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null,
                body.GetBuffer().AsMemory(0, (int)body.Length)));
            await PlayAsync(context, reply, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The caller is gone, or the server stops: whatever is left of the reply has no reader.
            context.Abort();
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            context.Response.StatusCode = e.StatusCode;
        }
    }

    private async Task PlayAsync(HttpContext context, SimReply reply, CancellationToken cancellationToken)
    {
        await new SimClock(time).WaitAsync(reply.Latency, cancellationToken);
        if (reply.InsteadOfHeaders != SimEnding.None)
        {
            await EndAsync(context, reply.InsteadOfHeaders, cancellationToken);
            return;
        }

        var response = context.Response;
        response.StatusCode = reply.Status;
        response.ContentType = reply.ContentType;
        foreach (var (name, value) in reply.Headers)
        {
            response.Headers.Append(name, value);
        }

        if (reply.Steps is null)
        {
            response.ContentLength = reply.Body.Length;
            await response.Body.WriteAsync(reply.Body, cancellationToken);
            return;
        }

        response.ContentLength = reply.ContentLength;
        await response.Body.FlushAsync(cancellationToken);
        var clock = new SimClock(time);
        foreach (var step in reply.Steps)
        {
            await clock.WaitAsync(step.Due, cancellationToken);
            if (!step.Bytes.IsEmpty)
            {
                await response.Body.WriteAsync(step.Bytes, cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
            }

            if (step.Ending != SimEnding.None)
            {
                await EndAsync(context, step.Ending, cancellationToken);
                return;
            }
        }
    }

    private async Task EndAsync(HttpContext context, SimEnding ending, CancellationToken cancellationToken)
    {
        switch (ending)
        {
            case SimEnding.Silence:
                await new SimClock(time).WaitForeverAsync(cancellationToken);
                break;
            case SimEnding.Reset:
                // Inside a body a TCP reset would take back bytes that the caller has not read yet, now more and now
                // less. An exception makes Kestrel send what was written and close without the body's end.
                if (context.Response.HasStarted)
                {
                    throw new IOException("The response is cut on purpose");
                }

                // Lingering for no time makes the close a TCP reset instead of a FIN.
                if (context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
                {
                    socket.LingerState = new LingerOption(true, 0);
                }

                context.Abort();
                break;
        }
    }
}
