using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Quoin.Tests.Gateway.Server;

/// <summary>What came back on a raw connection; status 0: it was closed without an answer.</summary>
internal sealed record RawAnswer(int Status, string Head, string Body);

/// <summary>A client that sends what it is told, byte for byte, and reads one answer.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly CancellationTokenSource _patience = new(Patience);

    /// <summary>Bytes that the server's side took.</summary>
    public long Sent { get; private set; }

    public static async Task<RawClient> ConnectAsync(Uri address)
    {
        var client = new RawClient();
        await client._client.ConnectAsync(address.Host, address.Port, client._patience.Token);
        return client;
    }

    public static async Task<RawAnswer> AskAsync(Uri address, string request)
    {
        using var client = await ConnectAsync(address);
        await client.SendAsync(request);
        return await client.ReadAsync();
    }

    /// <summary>A POST with the given header lines.</summary>
    public static string Post(string path, string headers, string body = "") =>
        $"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{headers}\r\n{body}";

    /// <summary>False when the server has closed the connection.</summary>
    public Task<bool> SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _client.GetStream().WriteAsync(bytes, _patience.Token);
            Sent += bytes.Length;
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Reads one answer with its body by Content-Length.</summary>
    public async Task<RawAnswer> ReadAsync()
    {
        var bytes = new List<byte>();
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var text = Encoding.Latin1.GetString([.. bytes]);
                var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end >= 0 && text.Length - end - 4 >= LengthIn(text[..end]))
                {
                    return Answer(text, end);
                }

                var read = await _client.GetStream().ReadAsync(buffer, _patience.Token);
                if (read == 0)
                {
                    return end >= 0 ? Answer(text, end) : new RawAnswer(0, text, "");
                }

                bytes.AddRange(buffer.AsSpan(0, read));
            }
        }
        catch (IOException)
        {
            return new RawAnswer(0, "", "");
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _patience.Dispose();
    }

    private static RawAnswer Answer(string text, int end) =>
        new(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text[..end], text[(end + 4)..]);

    private static int LengthIn(string head) => head.Split("\r\n")
        .Where(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(line => int.Parse(line.AsSpan(15), CultureInfo.InvariantCulture))
        .FirstOrDefault();
}
