using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Workers;

/// <summary>
/// Which providers the operator has taken out of use, in a file beside the sockets, so that a worker that is started
/// later knows it too. Only worker 0 writes it, before it tells the others: who starts meanwhile misses nothing.
/// </summary>
internal sealed class DrainedProviders(WorkerIdentity identity)
{
    private const string Providers = "/api/v1/providers/";
    private const string Drain = "/drain";
    private const string Enable = "/enable";

    private readonly string _file = Path.Combine(identity.Folder, "drained");
    private readonly Lock _lock = new();

    public void Note(HttpRequest request)
    {
        var path = request.Path.Value ?? "";
        if (!HttpMethods.IsPost(request.Method) || !path.StartsWith(Providers, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var drains = path.EndsWith(Drain, StringComparison.OrdinalIgnoreCase);
        if (!drains && !path.EndsWith(Enable, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var name = path[Providers.Length..path.LastIndexOf('/')];
        lock (_lock)
        {
            var names = Read().Where(known => known != name).ToList();
            if (drains)
            {
                names.Add(name);
            }

            File.WriteAllLines(_file + ".part", names.TakeLast(WorkerLimits.Drained));
            File.Move(_file + ".part", _file, overwrite: true);
        }
    }

    /// <summary>Takes them out of use here, by this worker's own control plane.</summary>
    public async Task ApplyAsync(HttpMessageInvoker self, CancellationToken cancellationToken)
    {
        foreach (var name in Read())
        {
            using var message = new HttpRequestMessage(
                HttpMethod.Post, new Uri(UnixClient.Root, Providers + Uri.EscapeDataString(name) + Drain));
            message.Headers.Host = "localhost";
            message.Headers.Add(InternalConnection.AloneHeader, "1");
            message.Headers.Add(InternalConnection.PeerHeader, "http 0 127.0.0.1");
            using var answer = await self.SendAsync(message, cancellationToken);
        }
    }

    private string[] Read() => File.Exists(_file) ? File.ReadAllLines(_file) : [];
}
