using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>An answer as it can be given again.</summary>
/// <param name="Headers">Those that belong to the answer, not to the connection or to one request.</param>
internal sealed record RecordedAnswer(
    int Status, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>Headers of one exchange: another gets its own.</summary>
    private static readonly string[] NotKept =
    [
        "Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Server-Timing", "Set-Cookie",
        "Transfer-Encoding", "X-Request-ID", "Alt-Svc", "Retry-After", "RateLimit", "RateLimit-Policy",
        "Access-Control-Allow-Origin", "Vary",
    ];

    /// <summary>About what it takes in memory.</summary>
    public long Bytes => Body.Length + Headers.Sum(header => header.Name.Length + header.Value.Length) * 2;

    public static IReadOnlyList<(string Name, string Value)> HeadersOf(HttpResponse response) =>
    [
        .. response.Headers
            .Where(header => !NotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => (header.Key, header.Value.ToString())),
    ];

    public async Task WriteAsync(Exchange exchange)
    {
        var response = exchange.Http.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            response.Headers[name] = value;
        }

        response.Headers["Idempotency-Replayed"] = "true";
        await ResponseHead.WriteAsync(exchange, Body);
    }
}
