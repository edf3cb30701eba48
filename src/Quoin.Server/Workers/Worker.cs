using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Quoin.Http;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Workers;

/// <summary>
/// What a server has beyond itself when it is one of several:
/// 1. It listens on a socket that it has inherited, and on one of its own for the other processes.
/// 2. It tells its supervisor that it lives, and what it has counted.
/// 3. Told to retire it accepts nothing more, asks its clients to connect anew with each answer, and stops when they
///    have gone, or a moment later. Connections that it has not accepted are its successor's.
/// 4. When its supervisor has ended it ends at once: the port and the journal shall be free for the next one.
/// </summary>
internal sealed partial class Worker(WorkerIdentity identity, TimeProvider time, CancellationTokenSource stop)
    : IDisposable
{
    private readonly OwnerForward _forward = new(identity, time);
    private readonly WorkerPeers _peers = new(identity, time);
    private readonly HttpMessageInvoker _page = UnixClient.Create(identity.PageSocket, WorkerLimits.PeerConnections);
    private Socket? _listener;
    private Task _retiring = Task.CompletedTask;
    private long _requests;
    private int _connections;
    private volatile bool _isRetiring;
    private volatile bool _isReady;

    public WorkerIdentity Identity => identity;

    public void Configure(SocketTransportOptions sockets) => sockets.CreateBoundListenSocket = endpoint =>
    {
        if (endpoint is not IPEndPoint)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        _listener = ListeningSockets.Inherit(identity.Descriptor);                                  // 1
        return _listener;
    };

    /// <summary>To be called before the listeners of the server are added.</summary>
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.ConfigureEndpointDefaults(listener => listener.Use(Count));
        kestrel.ListenUnixSocket(identity.Socket, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.Use(next => connection =>
            {
                connection.Features.Set(InternalConnection.Instance);
                return next(connection);
            });
        });
    }

    /// <summary>To be the first of the application.</summary>
    public void Use(WebApplication app, MetricRegistry registry)
    {
        var page = new MetricsPage(registry);
        app.Use((http, next) => InvokeAsync(http, next, page));
    }

    /// <summary>The supervisor's page: that of all workers.</summary>
    public async Task WriteMetricsAsync(HttpContext http)
    {
        using var message = HttpRelay.RequestOf(http, body: null, http.Request.Path);
        using var answer = await _page.SendAsync(message, http.RequestAborted);
        HttpRelay.CopyHead(answer, http.Response);
        await HttpRelay.CopyBodyAsync(answer, http);
    }

    public async Task BecomeReadyAsync(CancellationToken cancellationToken)
    {
        await _peers.CatchUpAsync(cancellationToken);
        _isReady = true;
    }

    /// <summary>Reads what the supervisor says, on a thread of its own as the input blocks.</summary>
    public void Obey(Action reload) =>
        new Thread(() => Read(reload)) { IsBackground = true, Name = "supervisor" }.Start();

    /// <summary>So that nothing that was counted is lost with the process.</summary>
    public void WriteLastPage(MetricRegistry registry)
    {
        var page = new ArrayBufferWriter<byte>();
        new MetricsPage(registry).Write(page, openMetrics: false);
        File.WriteAllBytes(identity.LastPage, page.WrittenSpan);
    }

    public void Dispose()
    {
        _forward.Dispose();
        _peers.Dispose();
        _page.Dispose();
    }

    private ConnectionDelegate Count(ConnectionDelegate next) => async connection =>
    {
        if (connection.LocalEndPoint is not IPEndPoint)
        {
            await next(connection);
            return;
        }

        Interlocked.Increment(ref _connections);
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    };

    private Task InvokeAsync(HttpContext http, RequestDelegate next, MetricsPage page)
    {
        if (http.Features.Get<InternalConnection>() is null)
        {
            Interlocked.Increment(ref _requests);
            if (_isRetiring)
            {
                HttpEdge.AskToConnectAnew(http);
            }

            http.Request.Headers.Remove(InternalConnection.PeerHeader);
            http.Request.Headers.Remove(InternalConnection.AloneHeader);
            return OwnerForward.Concerns(http) ? ForwardAsync(http, next) : next(http);
        }

        switch (http.Request.Path.Value)                                                            // 2
        {
            case InternalConnection.LivePath:
                return http.Response.WriteAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(_isReady ? "ready" : "starting")} {Volatile.Read(ref _requests)}"));
            case InternalConnection.MetricsPath:
                return page.HandleAsync(http);
            default:
                InternalConnection.Restore(http);
                return http.Request.Headers.Remove(InternalConnection.AloneHeader)
                    ? next(http)
                    : ForwardAsync(http, next);
        }
    }

    private Task ForwardAsync(HttpContext http, RequestDelegate next) => !identity.IsOwner
        ? _forward.SendAsync(http)
        : WorkerPeers.Concerns(http) ? _peers.AskAllAsync(http) : next(http);

    private void Read(Action reload)
    {
        using var input = Console.OpenStandardInput();
        while (true)
        {
            switch (input.ReadByte())
            {
                case (int)WorkerCommand.Retire when !_isRetiring:
                    _isRetiring = true;
                    _retiring = RetireAsync();
                    break;
                case (int)WorkerCommand.Stop:
                    stop.Cancel();
                    break;
                case (int)WorkerCommand.Reload:
                    reload();
                    break;
                case -1:
                    Leave();                                                                        // 4
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The last one to go takes the folder with it, which its supervisor could not.</summary>
    private void Leave()
    {
        try
        {
            Directory.Delete(identity.Folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another worker does the same at this moment.
        }

        End(1);
    }

    private async Task RetireAsync()                                                                // 3
    {
        _listener?.Dispose();
        var since = time.GetTimestamp();
        while (Volatile.Read(ref _connections) > 0 && time.GetElapsedTime(since) < WorkerLimits.LastRequests)
        {
            await Task.Delay(WorkerLimits.Tick, time);
        }

        await stop.CancelAsync();
    }

    /// <summary>Runs no finalizers and waits for no threads.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void End(int code);
}
