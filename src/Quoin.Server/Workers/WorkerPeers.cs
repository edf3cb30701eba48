using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Workers;

/// <summary>
/// Worker 0 answers the control plane for all: what each process knows or does alone (cache, queue, providers, records
/// not yet written) is asked of all of them at once, itself last, and told as one (<see cref="ControlMerge"/>).
/// </summary>
internal sealed class WorkerPeers(WorkerIdentity identity, TimeProvider time) : IDisposable
{
    private static readonly PathString[] OfAll =
        ["/api/v1/cache", "/api/v1/queue", "/api/v1/providers", "/api/v1/usage"];

    private readonly DrainedProviders _drained = new(identity);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HttpMessageInvoker> _clients = new(StringComparer.Ordinal);

    public static bool Concerns(HttpContext http) => Array.Exists(
        OfAll, path => http.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));

    public async Task AskAllAsync(HttpContext http)
    {
        _drained.Note(http.Request);
        using var late = new CancellationTokenSource(WorkerLimits.ControlTime, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, late.Token);
        var others = await Task.WhenAll(Others().Select(socket => AskAsync(http, socket, limit.Token)));
        using var own = await SendAsync(http, identity.Socket, http.RequestAborted);

        // Records are in one database: the others were only to write theirs.
        var one = http.Request.Path.StartsWithSegments("/api/v1/usage", StringComparison.OrdinalIgnoreCase);
        HttpRelay.CopyHead(own, http.Response);
        if (one || !own.IsSuccessStatusCode)
        {
            await HttpRelay.CopyBodyAsync(own, http);
            return;
        }

        await using var stream = await own.Content.ReadAsStreamAsync(http.RequestAborted);
        var answer = await JsonNode.ParseAsync(stream, cancellationToken: http.RequestAborted);
        var merged = ControlMerge.Merge([answer, .. others.OfType<JsonNode>()]);
        using var body = new PooledBuffer(4096);
        JsonOutput.Write(body, merged, static (writer, node) => node!.WriteTo(writer));
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    /// <summary>What the others were told before this process was there.</summary>
    public Task CatchUpAsync(CancellationToken cancellationToken) =>
        _drained.ApplyAsync(ClientOf(identity.Socket), cancellationToken);

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private IEnumerable<string> Others() => Directory.EnumerateFiles(identity.Folder, "w*.sock")
        .Where(socket => socket != identity.Socket).Take(WorkerLimits.Workers * 2);

    /// <summary>Null: it has nothing to add, or is no longer there.</summary>
    private async Task<JsonNode?> AskAsync(HttpContext http, string socket, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await SendAsync(http, socket, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonNode.ParseAsync(body, cancellationToken: cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            or OperationCanceledException or ObjectDisposedException)
        {
            http.RequestAborted.ThrowIfCancellationRequested();
            return null;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpContext http, string socket, CancellationToken cancellationToken)
    {
        using var message = HttpRelay.RequestOf(http, body: null);
        message.Headers.Add(InternalConnection.AloneHeader, "1");
        return await ClientOf(socket).SendAsync(message, cancellationToken);
    }

    private HttpMessageInvoker ClientOf(string socket)
    {
        lock (_lock)
        {
            // Those of workers that are gone.
            foreach (var gone in _clients.Keys.Where(name => !File.Exists(name)).ToList())
            {
                _clients.Remove(gone, out var client);
                client?.Dispose();
            }

            return _clients.TryGetValue(socket, out var found)
                ? found
                : _clients[socket] = UnixClient.Create(socket, WorkerLimits.PeerConnections);
        }
    }
}
