namespace Quoin.Http.WebSockets;

/// <summary>Why a WebSocket was closed (RFC 6455 §7.4 and its registry); an application's own are 3000..4999.</summary>
public enum WebSocketCloseCode
{
    /// <summary>Done.</summary>
    Normal = 1000,

    /// <summary>The server stops, or the page was left.</summary>
    GoingAway = 1001,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>A kind of message that is not taken here.</summary>
    UnsupportedData = 1003,

    /// <summary>The close frame had no code. Never sent.</summary>
    NoCode = 1005,

    /// <summary>The connection ended without a close frame. Never sent.</summary>
    Abnormal = 1006,

    /// <summary>Text that is not UTF-8, or data that cannot be decompressed.</summary>
    InvalidData = 1007,

    /// <summary>A rule of the receiver was broken for which there is no other code.</summary>
    PolicyViolation = 1008,

    /// <summary>A message is too big.</summary>
    TooBig = 1009,

    /// <summary>The client wanted an extension that it did not get.</summary>
    MandatoryExtension = 1010,

    /// <summary>The handler failed.</summary>
    InternalError = 1011,

    /// <summary>The server starts anew.</summary>
    ServiceRestart = 1012,

    /// <summary>The server has too much to do; the client may come back later.</summary>
    TryAgainLater = 1013,

    /// <summary>A server behind a gateway gave a bad answer.</summary>
    BadGateway = 1014,
}
