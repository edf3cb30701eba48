using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Quoin.MessagePack;
using Quoin.Server.Storage;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// A worker's connection to its supervisor, made anew when it is lost. No question costs a request more than
/// <see cref="SharingLimits.Budget"/>: then the worker counts for itself, and what is answered after all is given back.
/// While the supervisor does not answer, one request in a while asks for all.
/// </summary>
internal sealed partial class SharedChannel : IAsyncDisposable
{
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Availability _availability;
    private readonly SharedAsks _asks = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Something is to be sent: more than one such signal says no more.</summary>
    private readonly Channel<bool> _unsent = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Task _loop = Task.CompletedTask;
    private int _disposed;

    public SharedChannel(string path, TimeProvider time, ILogger logger)
    {
        (_path, _time, _logger) = (path, time, logger);
        _availability = new Availability(time, SharingLimits.Failures, SharingLimits.Pause, SharingLimits.Pause);
    }

    /// <summary>The number of the connection; of each its own.</summary>
    public int Connection => _asks.Connection;

    public void AddTo(MetricRegistry registry) => registry.Callback(
        new("quoin_worker_notes_lost_total", "quoin.worker.notes_lost", "{note}",
            "Settlements of limits and budgets that did not get to the supervisor, or may not have."),
        MetricKind.Counter, () => _asks.Lost);

    /// <summary>Connects; a supervisor that is not there now is looked for in the background.</summary>
    public async Task StartAsync()
    {
        _loop = RunAsync();
        try
        {
            await _connected.Task.WaitAsync(SharingLimits.EdgeTime, _time);
        }
        catch (TimeoutException)
        {
            Log.Alone(_logger);
        }
    }

    /// <summary>Null: no answer in time, or none to such a question.</summary>
    public async ValueTask<T?> AskAsync<T>(SharedQuestion<T> question, CancellationToken cancellationToken)
        where T : class
    {
        if (!_availability.MayAsk())
        {
            return null;
        }

        if (!_asks.TryAsk(question))
        {
            Note(new SharedReply<T>(Available: false, null));
            return null;
        }

        _unsent.Writer.TryWrite(true);
        SharedReply<T> reply = default;
        try
        {
            reply = await question.Reply.WaitAsync(SharingLimits.Budget, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            if (!question.Abandon())
            {
                reply = await question.Reply;
            }
        }
        catch (OperationCanceledException)
        {
            // The client's leaving says nothing of the supervisor.
            _availability.Leave();
            if (!question.Abandon() && (await question.Reply).Answer is { } answer)
            {
                question.GiveBack(answer);
            }

            throw;
        }

        Note(reply);
        return reply.Answer;
    }

    /// <summary>Says something that nobody answers, when there is a connection. What is lost is counted.</summary>
    public void Tell(Action<IBufferWriter<byte>> write)
    {
        if (_asks.TryNote(write))
        {
            _unsent.Writer.TryWrite(true);
        }
    }

    /// <summary>What was told is sent first, in the time that there is for it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync();
            await _loop;
            _stopping.Dispose();
        }
    }

    private void Note<T>(SharedReply<T> reply)
        where T : class
    {
        if (reply.Available)
        {
            if (_availability.Succeed())
            {
                Log.Together(_logger);
            }
        }
        else if (_availability.Fail())
        {
            Log.Alone(_logger);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                if (await TryConnectAsync(socket))
                {
                    await ServeAsync(socket);
                }

                await Task.Delay(SharingLimits.ConnectPause, _time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The worker stops.
        }
        catch (Exception e)
        {
            Log.Died(_logger, e);
        }
    }

    private async Task<bool> TryConnectAsync(Socket socket)
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path), _stopping.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Until the connection is lost, or the worker stops.</summary>
    private async Task ServeAsync(Socket socket)
    {
        using var lost = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, lost.Token);
        _asks.Connect();
        _connected.TrySetResult();
        var writing = WriteAsync(socket, lost, ended.Token);
        try
        {
            await ReadAsync(socket, ended.Token);
        }
        finally
        {
            await EndAsync(writing, lost);
            _asks.Disconnect();
        }
    }

    /// <summary>
    /// A worker that stops sends what it has told first; a connection that is lost has nobody for it.
    /// </summary>
    private async Task EndAsync(Task writing, CancellationTokenSource lost)
    {
        try
        {
            if (_stopping.IsCancellationRequested)
            {
                await writing.WaitAsync(SharingLimits.EdgeTime, _time);
            }
        }
        catch (TimeoutException)
        {
            // The supervisor does not read.
        }

        await lost.CancelAsync();
        await writing;
    }

    private async Task WriteAsync(Socket socket, CancellationTokenSource lost, CancellationToken ended)
    {
        try
        {
            do
            {
                await SendAsync(socket, lost.Token);
            }
            while (await IsUnsentAsync(ended));

            await SendAsync(socket, lost.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The connection is lost, maybe in the middle of a message: reading ends too.
            await lost.CancelAsync();
        }
    }

    /// <summary>False: this is the end, and no message is cut by it.</summary>
    private async ValueTask<bool> IsUnsentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _unsent.Reader.ReadAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task SendAsync(Socket socket, CancellationToken cancellationToken)
    {
        for (var bytes = _asks.TakeUnsent(); bytes.Length > 0; bytes = _asks.TakeUnsent())
        {
            while (bytes.Length > 0)
            {
                bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
            }
        }
    }

    private async Task ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        var framing = new MessagePackFraming(SharingLimits.Message);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        var reader = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                var buffer = read.Buffer;
                while (framing.TryReadMessage(ref buffer, out var message))
                {
                    _asks.Answer(message);
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or MessagePackException
            || (e is OperationCanceledException && !_stopping.IsCancellationRequested))
        {
            // The connection is lost, or no connection of ours.
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4410, LogLevel.Warning,
            "The supervisor does not answer: limits, budgets and breakers are this worker's own for a while",
            EventName = nameof(Alone))]
        public static partial void Alone(ILogger logger);

        [LoggerMessage(4411, LogLevel.Information,
            "The supervisor answers: limits, budgets and breakers are those of all workers again",
            EventName = nameof(Together))]
        public static partial void Together(ILogger logger);

        [LoggerMessage(4412, LogLevel.Error, "What workers have in common is no longer asked for",
            EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
