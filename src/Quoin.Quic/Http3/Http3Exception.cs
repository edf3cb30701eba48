namespace Quoin.Quic.Http3;

/// <summary>The server has broken HTTP/3, or given the request up.</summary>
public sealed class Http3Exception : IOException
{
    /// <summary>Makes one without a reason.</summary>
    public Http3Exception()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public Http3Exception(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public Http3Exception(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
