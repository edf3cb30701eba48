using System.Globalization;

namespace Quoin.Http.WebSockets;

/// <summary>What the WebSockets of an <see cref="HttpApp"/> may do and how long they may take.</summary>
public sealed record WebSocketOptions
{
    /// <summary>A ping is sent so often. Zero: never, and nobody is found dead. 0..1 d.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A peer from which nothing came for so long after a ping is dead: its connection is broken off. 0.1 s..1 d.
    /// </summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of a message, decompressed; 1009 beyond. A message announced longer is refused by its header.
    /// 1..1073741824.
    /// </summary>
    public int MaxMessageSize { get; init; } = 1024 * 1024;

    /// <summary>Frames of a message; 1008 beyond. 1..1048576.</summary>
    public int MaxFragments { get; init; } = 4096;

    /// <summary>
    /// Bytes that wait for a peer that reads slowly; beyond, sending waits. One message more is always taken when
    /// nothing waits. 1024..1073741824.
    /// </summary>
    public int SendQueueSize { get; init; } = 64 * 1024;

    /// <summary>A peer that takes in nothing of a write for so long is broken off. 0.1 s..1 d.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may take to answer a close before it is broken off. 0.1 s..1 h.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Messages are held back for so long at most, so that several go out in one write. Zero: none is. 0..1 s.
    /// </summary>
    public TimeSpan BatchWindow { get; init; }

    /// <summary>So many messages are written before the window ends. 1..65536.</summary>
    public int BatchMax { get; init; } = 256;

    /// <summary>Compresses messages (permessage-deflate, RFC 7692) for clients that offer it.</summary>
    public bool Compression { get; init; }

    /// <summary>Messages of fewer bytes are sent as they are. 0..1073741824.</summary>
    public int CompressionMinSize { get; init; } = 1024;

    /// <summary>
    /// Pages that may connect, as <c>https://example.com</c>; <c>*</c>: all. Empty: those of the host that is asked
    /// for. A request without <c>Origin</c> comes from no page and is let in.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    internal IEnumerable<string> Faults()
    {
        var faults = new List<string>();
        Check(faults, nameof(HeartbeatInterval), HeartbeatInterval, 0, 86_400);
        Check(faults, nameof(HeartbeatTimeout), HeartbeatTimeout, 0.1, 86_400);
        Check(faults, nameof(MaxMessageSize), MaxMessageSize, 1, 1 << 30);
        Check(faults, nameof(MaxFragments), MaxFragments, 1, 1 << 20);
        Check(faults, nameof(SendQueueSize), SendQueueSize, 1024, 1 << 30);
        Check(faults, nameof(WriteTimeout), WriteTimeout, 0.1, 86_400);
        Check(faults, nameof(CloseTimeout), CloseTimeout, 0.1, 3600);
        Check(faults, nameof(BatchWindow), BatchWindow, 0, 1);
        Check(faults, nameof(BatchMax), BatchMax, 1, 65_536);
        Check(faults, nameof(CompressionMinSize), CompressionMinSize, 0, 1 << 30);
        foreach (var origin in AllowedOrigins)
        {
            if (origin is not "*" && (!Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                || !string.Equals(uri.GetLeftPart(UriPartial.Authority), origin, StringComparison.OrdinalIgnoreCase)))
            {
                faults.Add($"WebSocket.AllowedOrigins: \"{origin}\"; accepted: * or scheme://host[:port], without "
                    + "a slash at the end and without the scheme's own port");
            }
        }

        return faults;
    }

    private static void Check(List<string> faults, string name, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            faults.Add(string.Create(
                CultureInfo.InvariantCulture, $"WebSocket.{name}: {value}; accepted: {least}..{most}"));
        }
    }

    private static void Check(List<string> faults, string name, TimeSpan value, double least, double most)
    {
        if (value < TimeSpan.FromSeconds(least) || value > TimeSpan.FromSeconds(most))
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"WebSocket.{name}: {value.TotalSeconds} s; accepted: {least} s..{most} s"));
        }
    }
}
