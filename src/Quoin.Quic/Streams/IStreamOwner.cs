namespace Quoin.Quic.Streams;

/// <summary>A transport's object for a stream, told by the loop.</summary>
internal interface IStreamOwner
{
    void StreamClosed();
}
