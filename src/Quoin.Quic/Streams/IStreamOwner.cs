namespace Quoin.Quic.Streams;

/// <summary>A transport's object for a stream, told by the loop and by the writer.</summary>
internal interface IStreamOwner
{
    void StreamClosed();

    /// <summary>By the writer's thread: what it has written so far is about to be sent.</summary>
    void Flushing();
}
