using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Quoin.EndToEnd.Workers;

/// <summary>
/// HTTP/1.1 on one socket, without the repetitions by which other clients hide a lost request: what it is answered, it
/// was answered at once. It connects anew when it was told to, or when it shall for each request.
/// </summary>
internal sealed class RawClient(Uri server, bool keepAlive) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Socket? _socket;

    /// <summary>The status; null: the connection ended before the answer did.</summary>
    public async Task<int?> SendAsync(string path, string? body, CancellationToken cancellationToken)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"{(body is null ? "GET" : "POST")} {path} HTTP/1.1\r\nHost: {server.Authority}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {body?.Length ?? 0}\r\n"
            + $"{(keepAlive ? "" : "Connection: close\r\n")}\r\n");
        try
        {
            _socket ??= await ConnectAsync(cancellationToken);
            await _socket.SendAsync(Encoding.ASCII.GetBytes(head + body), cancellationToken);
            var (status, closes) = await ReadAsync(_socket, cancellationToken);
            if (closes || status is null)
            {
                Dispose();
            }

            return status;
        }
        catch (SocketException)
        {
            Dispose();
            return null;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<(int? Status, bool Closes)> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return (null, true);
            }

            length += read;
            var text = Encoding.ASCII.GetString(_buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                continue;
            }

            var lines = text[..end].Split("\r\n");
            var size = int.Parse(ValueOf(lines, "Content-Length")!, CultureInfo.InvariantCulture);
            if (length >= end + 4 + size)
            {
                return (int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
                    ValueOf(lines, "Connection") == "close");
            }
        }
    }

    private static string? ValueOf(string[] lines, string name) => lines
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();
}
