using System.Net.Sockets;
using System.Text;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Connections.Http1;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// What a provider sends on a connection: read or refused, alike however it is cut, and a connection is used again
/// only when every byte of it was the answer's.
/// </summary>
internal sealed class Http1ResponseTarget() : FuzzTarget("http1-response", InputFormat.Text)
{
    private static readonly UpstreamTarget Target = new(new Uri("http://provider.invalid/v1/chat"));

    private static readonly string[] Samples =
    [
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nx-request-id: r\r\n\r\n{\"a\":\"b\"}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 204 No Content\nConnection: close\n\n",
    ];

    public override IEnumerable<byte[]> Corpus() => Samples.Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        var whole = Read(input, int.MaxValue, 4096);
        foreach (var (piece, room) in new[] { (1, 4096), (7, 3), (int.MaxValue, 1) })
        {
            FuzzFailure.Unless(Read(input, piece, room) == whole, $"cut into pieces of {piece} it is read otherwise");
        }
    }

    private static string Read(byte[] input, int piece, int room)
    {
        using var stream = new PiecesStream(input, piece);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var connection = new Http1Connection(stream, socket, 0);
        using var request = new UpstreamRequest(HttpMethod.Post, Target);
        var text = new StringBuilder();
        try
        {
            Finished(connection.SendAsync(request, CancellationToken.None));
            text.Append(connection.Head.Status).Append('\n');
            for (var i = 0; i < connection.Head.FieldCount; i++)
            {
                text.Append(Encoding.Latin1.GetString(connection.Head.Name(connection.HeadBytes, i))).Append('=')
                    .Append(Encoding.Latin1.GetString(connection.Head.Value(connection.HeadBytes, i))).Append('\n');
            }

            var destination = new byte[room];
            while (Finished(connection.ReadAsync(destination, CancellationToken.None)) is > 0 and var read)
            {
                text.Append(Encoding.Latin1.GetString(destination, 0, read));
            }

            var leftOver = connection.Reusable && stream.Left > 0;
            FuzzFailure.Unless(!leftOver || piece < int.MaxValue, "a connection with unread bytes is used again");
        }
        catch (HttpIOException e)
        {
            // What was read before the fault depends on the pieces; that there is one does not.
            return e.HttpRequestError.ToString();
        }

        return text.ToString();
    }

    /// <summary>Nothing here waits: the stream has its bytes.</summary>
    private static void Finished(ValueTask task)
    {
        FuzzFailure.Unless(task.IsCompleted, "a read waits");
        task.GetAwaiter().GetResult();
    }

    private static int Finished(ValueTask<int> task)
    {
        FuzzFailure.Unless(task.IsCompleted, "a read waits");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Gives the input in pieces, and swallows what is written.</summary>
    private sealed class PiecesStream(byte[] input, int piece) : MemoryStream
    {
        private int _at;

        public int Left => input.Length - _at;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(Math.Min(piece, buffer.Length), Left);
            input.AsSpan(_at, count).CopyTo(buffer.Span);
            _at += count;
            return new(count);
        }
    }
}
