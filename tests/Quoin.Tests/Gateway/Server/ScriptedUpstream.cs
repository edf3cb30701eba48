using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quoin.Tests.Gateway.Server;

/// <summary>
/// A provider on a raw socket that does what no real one would: answers byte by byte, stops in the middle, resets.
/// Reads whole requests, answers each with the next script of its queue (the last one again when it is alone).
/// </summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Queue<Func<Connection, Task>> _scripts;
    private readonly Task _accepting;

    public ScriptedUpstream(params Func<Connection, Task>[] scripts)
    {
        _scripts = new(scripts);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string BaseUrl => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1";

    /// <summary>Requests as they came: head and body.</summary>
    public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

    public ReceivedRequest Only => Assert.Single(Requests);

    /// <summary>Answers a JSON body with a length.</summary>
    public static Func<Connection, Task> Json(string body, int status = 200, string headers = "") =>
        connection => connection.SendAsync(
            $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>
    /// Answers an event stream, chunked, in pieces of <paramref name="piece"/> bytes, ended in good order.
    /// </summary>
    public static Func<Connection, Task> Events(string stream, int piece = int.MaxValue) => async connection =>
    {
        await connection.SendStreamHeadAsync();
        await connection.SendChunksAsync(stream, piece);
        await connection.SendAsync("0\r\n\r\n");
    };

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException
            || _stopping.IsCancellationRequested)
        {
            // Stopped, while it waited or just before: then the listener is not started.
            await Task.WhenAll(serving);
        }
    }

    private Func<Connection, Task> Next()
    {
        lock (_lock)
        {
            return _scripts.Count > 1 ? _scripts.Dequeue() : _scripts.Peek();
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var connection = new Connection(socket, _stopping.Token);
        try
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                Requests.Enqueue(request);
                await Next()(connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException
            or ObjectDisposedException)
        {
            // The gateway or the script ended the connection.
        }
    }

    internal sealed class Connection(Socket socket, CancellationToken stopping) : IDisposable
    {
        private readonly NetworkStream _stream = new(socket, ownsSocket: true);
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completed when the gateway has closed its end.</summary>
        public Task Closed => _closed.Task;

        public async Task SendAsync(string text)
        {
            socket.NoDelay = true;
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), stopping);
        }

        public async Task SendAsync(byte[] bytes) => await _stream.WriteAsync(bytes, stopping);

        public Task SendStreamHeadAsync() => SendAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");

        public async Task SendChunksAsync(string text, int piece = int.MaxValue)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var at = 0; at < bytes.Length; at += Math.Min(piece, bytes.Length - at))
            {
                var length = Math.Min(piece, bytes.Length - at);
                await _stream.WriteAsync(Encoding.ASCII.GetBytes($"{length:x}\r\n"), stopping);
                await _stream.WriteAsync(bytes.AsMemory(at, length), stopping);
                await _stream.WriteAsync("\r\n"u8.ToArray(), stopping);
            }
        }

        public void Reset()
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }

        /// <summary>Says nothing until the gateway closes the connection.</summary>
        public async Task WaitForCloseAsync()
        {
            try
            {
                while (await _stream.ReadAsync(new byte[256], stopping) > 0)
                {
                }
            }
            catch (IOException)
            {
                // A reset is a close too.
            }

            _closed.TrySetResult();
        }

        public async Task<ReceivedRequest?> ReadRequestAsync()
        {
            var head = new StringBuilder();
            var one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await _stream.ReadAsync(one, stopping) == 0)
                {
                    return null;
                }

                head.Append((char)one[0]);
            }

            var text = head.ToString();
            var length = text.Split("\r\n")
                .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                .Select(line => int.Parse(line.AsSpan(15), System.Globalization.CultureInfo.InvariantCulture))
                .FirstOrDefault();
            var body = new byte[length];
            await _stream.ReadExactlyAsync(body, stopping);
            return new ReceivedRequest(text, Encoding.UTF8.GetString(body));
        }

        public void Dispose() => _stream.Dispose();
    }
}

internal sealed record ReceivedRequest(string Head, string Body)
{
    public string Line => Head[..Head.IndexOf("\r\n", StringComparison.Ordinal)];
}
