using System.Collections.Concurrent;

namespace Quoin.EndToEnd.Workers;

/// <summary>Clients that ask one thing after another until they are stopped, half of them on new connections.</summary>
internal sealed class WorkerLoad : IAsyncDisposable
{
    public const string Path = "/v1/chat/completions";

    public const string Body = """{"model":"sim","messages":[{"role":"user","content":"Hello"}]}""";

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<int?> _answers = new();
    private readonly Task _clients;

    public WorkerLoad(Uri server, int clients) =>
        _clients = Task.WhenAll(Enumerable.Range(0, clients).Select(i => RunAsync(server, keepAlive: i % 2 == 0)));

    public int Answered => _answers.Count(status => status == 200);

    /// <summary>Connections that ended without an answer, and answers other than 200.</summary>
    public IReadOnlyList<int?> Lost => [.. _answers.Where(status => status != 200)];

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    /// <summary>What is under way is answered.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _clients;
    }

    private async Task RunAsync(Uri server, bool keepAlive)
    {
        using var client = new RawClient(server, keepAlive);
        while (!_stop.IsCancellationRequested)
        {
            _answers.Enqueue(await client.SendAsync(Path, Body, CancellationToken.None));
        }
    }
}
