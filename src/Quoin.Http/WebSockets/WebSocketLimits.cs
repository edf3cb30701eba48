namespace Quoin.Http.WebSockets;

/// <summary>Bounds that are no options, with their reason.</summary>
internal static class WebSocketLimits
{
    /// <summary>Payload of a control frame (RFC 6455 §5.5).</summary>
    public const int ControlBytes = 125;

    /// <summary>Reason of a close frame: a control frame's payload without the code.</summary>
    public const int ReasonBytes = ControlBytes - 2;

    /// <summary>The longest header: two bytes, a length of eight, a mask.</summary>
    public const int HeaderBytes = 14;

    /// <summary>
    /// Payload of one frame that is sent. Between the fragments of a longer message pongs and the close go out, so it
    /// bounds how long these wait for a slow peer.
    /// </summary>
    public const int FragmentBytes = 64 * 1024;

    /// <summary>What is read from the connection at once. Rented while bytes come in.</summary>
    public const int ReadBytes = 8 * 1024;

    /// <summary>Batched frames are written when they are so many bytes: a larger write saves nothing more.</summary>
    public const int BatchBytes = 16 * 1024;

    /// <summary>
    /// Messages that wait for the handler; all together they have <see cref="WebSocketOptions.MaxMessageSize"/> bytes
    /// and one message more at most. Then the peer is held up.
    /// </summary>
    public const int WaitingMessages = 64;

    /// <summary>
    /// What a peer sent before it read that it was refused is still taken in: closing over unread bytes resets the
    /// connection, and with it the close frame on its way.
    /// </summary>
    public const int LingerBytes = 4 * 1024 * 1024;

    /// <summary>The same as a time, for peers that wait for the server to end the connection, as they should.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);
}
