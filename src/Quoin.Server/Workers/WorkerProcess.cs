using System.Diagnostics;
using System.Globalization;

namespace Quoin.Server.Workers;

/// <summary>
/// A process that the supervisor has started: this program with these arguments. Its output and errors are the
/// supervisor's own; its input is the way of commands. A loop asks it whether it lives and what it has counted.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly WorkerName _name;
    private readonly string _lastPage;
    private readonly string _socket;
    private readonly HttpMessageInvoker _client;
    private readonly Lock _lock = new();
    private PageSamples? _page;
    private bool _isLastPage;

    private WorkerProcess(Process process, WorkerIdentity identity)
    {
        (_process, _name, _lastPage, _socket) = (process, identity.Name, identity.LastPage, identity.Socket);
        _client = UnixClient.Create(identity.Socket, WorkerLimits.PeerConnections);
    }

    public WorkerName Name => _name;

    public int Id => _process.Id;

    /// <summary>What it had counted when it was last asked.</summary>
    public PageSamples? Page => Volatile.Read(ref _page);

    public static WorkerProcess Start(WorkerIdentity identity, ListeningSockets sockets)
    {
        var program = Environment.ProcessPath!;
        var line = Environment.GetCommandLineArgs();

        // The runtime's own program has ours as its first argument.
        var hosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var start = new ProcessStartInfo(program, hosted ? line : line[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
        };
        start.Environment[WorkerIdentity.Variable] = identity.ToString();
        sockets.Lend(identity.Name.Slot);
        try
        {
            return new WorkerProcess(Process.Start(start)!, identity);
        }
        finally
        {
            sockets.TakeBack(identity.Name.Slot);
        }
    }

    public void Tell(WorkerCommand command)
    {
        lock (_lock)
        {
            try
            {
                _process.StandardInput.BaseStream.WriteByte((byte)command);
                _process.StandardInput.BaseStream.Flush();
            }
            catch (IOException)
            {
                // It has ended; its end is an event of its own.
            }
        }
    }

    public void Kill() => _process.Kill();

    /// <summary>Until the process ends: tells each time it has answered, then its code.</summary>
    public async Task<int> WatchAsync(TimeSpan poll, Action<long> heard, TimeProvider time)
    {
        using var ended = new CancellationTokenSource();
        var watching = PollAsync(poll, heard, time, ended.Token);
        await _process.WaitForExitAsync(CancellationToken.None);
        await ended.CancelAsync();
        await watching;
        ReadLastPage();
        File.Delete(_socket);
        return _process.ExitCode;
    }

    /// <summary>False: it did not answer in time.</summary>
    public async Task<bool> ReadPageAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(WorkerLimits.PageTime, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var page = await AskAsync(InternalConnection.MetricsPath, both.Token);
            Keep(PageSamples.Read(page), isLast: false);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException
            or ObjectDisposedException)
        {
            // Disposed: it has ended since the caller looked, and its last page is in the sum of those that are gone.
            return false;
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _process.Dispose();
    }

    private async Task PollAsync(
        TimeSpan poll, Action<long> heard, TimeProvider time, CancellationToken cancellationToken)
    {
        var ready = false;
        var paged = time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await IsReadyAsync(poll, time, cancellationToken) is { } requests)
            {
                ready = true;
                heard(requests);
                if (time.GetElapsedTime(paged) >= WorkerLimits.Poll)
                {
                    paged = time.GetTimestamp();
                    await ReadPageAsync(time, cancellationToken);
                }
            }

            try
            {
                await Task.Delay(ready ? poll : WorkerLimits.StartPoll, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The requests that it has begun; null: it does not answer, or not yet.</summary>
    private async Task<long?> IsReadyAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(patience, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var answer = System.Text.Encoding.ASCII.GetString(await AskAsync(InternalConnection.LivePath, both.Token));
            return answer.Split(' ') is ["ready", var count]
                && long.TryParse(count, CultureInfo.InvariantCulture, out var requests)
                ? requests
                : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<byte[]> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(UnixClient.Root, path));
        using var answer = await _client.SendAsync(message, cancellationToken);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private void ReadLastPage()
    {
        if (File.Exists(_lastPage))
        {
            Keep(PageSamples.Read(File.ReadAllBytes(_lastPage)), isLast: true);
            File.Delete(_lastPage);
        }
    }

    /// <summary>
    /// An answer that was under way when the process ended does not replace what it wrote at its end.
    /// </summary>
    private void Keep(PageSamples page, bool isLast)
    {
        lock (_lock)
        {
            if (!_isLastPage)
            {
                Volatile.Write(ref _page, page);
                _isLastPage = isLast;
            }
        }
    }
}
