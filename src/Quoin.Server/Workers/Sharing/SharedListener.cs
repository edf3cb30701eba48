using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// The supervisor's side of what workers have in common: a socket in its private folder, and for each connection a loop
/// that reads what has come, has <see cref="SharedState"/> answer it, and writes the answers before it reads on. So a
/// worker that does not read has no more said to it than it has asked.
/// </summary>
internal sealed partial class SharedListener(string path, SharedState state, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<long, Task> _connections = new();
    private Task _accepting = Task.CompletedTask;

    public void Start()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(WorkerLimits.Workers);
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        await Task.WhenAll(_connections.Values);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (var id = 0L; ; id++)
            {
                var socket = await AcceptOneAsync();
                foreach (var (ended, _) in _connections.Where(connection => connection.Value.IsCompleted))
                {
                    _connections.TryRemove(ended, out _);
                }

                if (_connections.Count >= SharingLimits.Connections)
                {
                    socket.Dispose();
                    continue;
                }

                _connections[id] = ServeAsync(socket);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            Log.Died(logger, e);
        }
    }

    /// <summary>A machine without descriptors has some again later; until then workers count alone.</summary>
    private async Task<Socket> AcceptOneAsync()
    {
        while (true)
        {
            try
            {
                return await _listener.AcceptAsync(_stopping.Token);
            }
            catch (SocketException e)
            {
                Log.NotAccepted(logger, e.Message);
                await Task.Delay(SharingLimits.ConnectPause, time, _stopping.Token);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var peer = new SharedPeer();
        var (framing, answers) = (new MessagePackFraming(SharingLimits.Message), new ArrayBufferWriter<byte>());
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var reader = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(_stopping.Token);
                var buffer = read.Buffer;
                while (framing.TryReadMessage(ref buffer, out var message))
                {
                    state.Answer(message, peer, answers);
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (answers.WrittenCount > 0)
                {
                    await stream.WriteAsync(answers.WrittenMemory, _stopping.Token);
                    answers.ResetWrittenCount();
                }

                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The worker has gone, or the server stops.
        }
        catch (MessagePackException e)
        {
            Log.NotFramed(logger, e.Message);
        }
        catch (Exception e)
        {
            Log.Died(logger, e);
        }
        finally
        {
            state.Leave(peer);
            await reader.CompleteAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4400, LogLevel.Error, "Limits, budgets and breakers of workers are no longer counted together",
            EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);

        [LoggerMessage(4402, LogLevel.Warning, "A worker could not be connected to its supervisor: {Reason}",
            EventName = nameof(NotAccepted))]
        public static partial void NotAccepted(ILogger logger, string reason);

        [LoggerMessage(4401, LogLevel.Error, "What a worker said to its supervisor cannot be read: {Reason}",
            EventName = nameof(NotFramed))]
        public static partial void NotFramed(ILogger logger, string reason);
    }
}
