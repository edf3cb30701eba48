namespace Quoin.Http.WebSockets;

/// <summary>
/// A message cannot be sent any more. A handler may let it through: it ends then as one that has returned.
/// </summary>
#pragma warning disable CA1032 // Made by the connection alone.
public sealed class WebSocketClosedException : IOException
{
    internal WebSocketClosedException()
        : base("the WebSocket is closed")
    {
    }
}
