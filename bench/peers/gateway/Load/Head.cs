using System.Globalization;

namespace Quoin.Peers.Gateway;

/// <summary>What the client needs of an answer's head. A body without Content-Length is taken as chunked.</summary>
internal sealed record Head(int Status, long? ContentLength, bool Close)
{
    /// <exception cref="IOException">It is not the head of an HTTP/1.1 answer.</exception>
    public static Head Parse(string text)
    {
        var lines = text.Split("\r\n");
        if (!lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            || !int.TryParse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture, out var status))
        {
            throw new IOException("not an HTTP/1.1 answer: " + lines[0]);
        }

        long? length = null;
        var close = false;
        foreach (var line in lines)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = long.Parse(line.AsSpan(15), CultureInfo.InvariantCulture);
            }
            else if (line.Equals("Connection: close", StringComparison.OrdinalIgnoreCase))
            {
                close = true;
            }
        }

        return new Head(status, length, close);
    }
}
