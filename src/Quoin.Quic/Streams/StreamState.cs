namespace Quoin.Quic.Streams;

/// <summary>What the loop knows of a stream. No other thread reads or writes it.</summary>
internal sealed class StreamState
{
    /// <summary>This side has opened it.</summary>
    public bool IsLocal { get; private set; }

    /// <summary>The application has it (or had): its own, or handed out by accept.</summary>
    public bool HandedOut { get; set; }

    /// <summary>The peer's end, a reset or an abort has come: no byte will be added to the input.</summary>
    public bool ReadEnded { get; set; }

    /// <summary>The end of our bytes was sent, or a reset.</summary>
    public bool WriteEnded { get; set; }

    /// <summary>This side has aborted it, so the code it closes with is ours.</summary>
    public bool Aborted { get; set; }

    /// <summary>The library knows it no more.</summary>
    public bool Closed { get; set; }

    /// <summary>The application has given it back.</summary>
    public bool Disposed { get; set; }

    /// <summary>It stands in the queue of those that have something to send.</summary>
    public bool Queued { get; set; }

    /// <summary>The peer's window of the stream is full.</summary>
    public bool Blocked { get; set; }

    /// <summary>There are bytes, or an end, that the reader was not yet woken for.</summary>
    public bool Unflushed { get; set; }

    /// <summary>Its first bytes are being held until the handshake is complete.</summary>
    public bool Held { get; set; }

    /// <summary>Bytes received that were credited to nobody yet.</summary>
    public long Uncredited { get; set; }

    public void Open(bool local)
    {
        IsLocal = local;
        (HandedOut, ReadEnded, WriteEnded, Closed, Disposed) = (local, false, false, false, false);
        (Queued, Blocked, Unflushed, Held, Aborted) = (false, false, false, false, false);
        Uncredited = 0;
    }
}
