namespace Quoin.Quic;

/// <summary>QUIC cannot be used on this system: the native library is missing, or is one that is not known.</summary>
public sealed class QuicUnavailableException : Exception
{
    /// <summary>Makes one without a reason.</summary>
    public QuicUnavailableException()
    {
    }

    /// <summary>Makes one with the reason and what to install.</summary>
    public QuicUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with the reason and what caused it.</summary>
    public QuicUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
