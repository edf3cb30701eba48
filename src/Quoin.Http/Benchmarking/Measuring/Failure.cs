namespace Quoin.Http.Benchmarking.Measuring;

/// <summary>Why there was no whole answer.</summary>
internal enum Failure
{
    None,

    /// <summary>No connection: refused, unreachable, or the name is unknown.</summary>
    Connect,

    /// <summary>The TLS handshake failed, or the certificate is not to be trusted.</summary>
    Tls,

    /// <summary>The connection or stream ended inside of an exchange.</summary>
    Reset,

    /// <summary>The answer was not whole in time.</summary>
    Timeout,

    /// <summary>What came is not what the protocol allows, or not an event stream where one was asked for.</summary>
    Protocol,
}
