using Microsoft.AspNetCore.Connections;

namespace Quoin.Quic;

/// <summary>What ended a connection or a stream.</summary>
public enum QuicEnd
{
    /// <summary>This side's application ended it.</summary>
    Local,

    /// <summary>The peer's application ended it, with its code.</summary>
    Peer,

    /// <summary>The peer's QUIC ended it, with a code of RFC 9000, 20.1.</summary>
    PeerTransport,

    /// <summary>The protocol was broken, or the handshake failed, with a code of RFC 9000, 20.1.</summary>
    Transport,

    /// <summary>Nothing has come for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>The handshake has taken too long.</summary>
    HandshakeTimeout,

    /// <summary>The peer does not know the connection any more.</summary>
    StatelessReset,

    /// <summary>The endpoint was stopped.</summary>
    Stopped,

    /// <summary>No common version of QUIC.</summary>
    VersionNegotiation,
}

/// <summary>A connection or a stream has ended before its time.</summary>
public sealed class QuicException : ConnectionResetException
{
    /// <summary>Makes one without a reason.</summary>
    public QuicException()
        : base("the connection has ended")
    {
    }

    /// <summary>Makes one with a message.</summary>
    public QuicException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public QuicException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes one with what has ended and the code.</summary>
    public QuicException(QuicEnd end, long code, string message)
        : base(message)
    {
        (End, Code) = (end, code);
    }

    /// <summary>Who or what has ended it.</summary>
    public QuicEnd End { get; }

    /// <summary>The application's or the transport's code; 0 where there is none.</summary>
    public long Code { get; }
}
