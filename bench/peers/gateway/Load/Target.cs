using System.Text;

namespace Quoin.Peers.Gateway;

/// <summary>The bytes of the one request that is sent again and again.</summary>
internal static class Target
{
    public static byte[] Request(Uri url, byte[] body, IEnumerable<string> headers)
    {
        var head = new StringBuilder()
            .Append("POST ").Append(url.PathAndQuery).Append(" HTTP/1.1\r\n")
            .Append("Host: ").Append(url.Authority).Append("\r\n")
            .Append("Content-Type: application/json\r\n")
            .Append("Content-Length: ").Append(body.Length).Append("\r\n");
        foreach (var header in headers)
        {
            head.Append(header).Append("\r\n");
        }

        return [.. Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), .. body];
    }
}
