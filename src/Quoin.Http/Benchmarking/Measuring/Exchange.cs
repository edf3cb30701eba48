namespace Quoin.Http.Benchmarking.Measuring;

/// <summary>What is noted of one request and its answer; used again for the next one of its worker.</summary>
internal sealed class Exchange
{
    public Exchange()
    {
        Events = new(Gaps);
    }

    public required RunClock Clock { get; set; }

    /// <summary>When it was meant to start.</summary>
    public long Intended { get; private set; }

    /// <summary>When it was sent.</summary>
    public long Started { get; private set; }

    /// <summary>When the first byte of the answer came; null before.</summary>
    public long? FirstByte { get; set; }

    /// <summary>HTTP status; 0 while there is none.</summary>
    public int Status { get; set; }

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    /// <summary>How long it took to open the connection, where one was opened for it.</summary>
    public long? Connected { get; set; }

    /// <summary>Whether the connection was there: what fails before it is told apart.</summary>
    public bool HasConnection { get; set; }

    public Failure Failure { get; set; }

    /// <summary>The answer is an event stream.</summary>
    public bool IsStream { get; set; }

    public EventMeter Events { get; }

    public LatencyHistogram Gaps { get; } = new();

    public void Begin(long intended)
    {
        (Intended, Started, FirstByte, Status) = (intended, Clock.Now, null, 0);
        (BytesIn, BytesOut, Connected, HasConnection) = (0, 0, null, false);
        (Failure, IsStream) = (Failure.None, false);
        Events.Reset();
    }

    /// <summary>Takes bytes of the answer's body.</summary>
    public void Read(ReadOnlySpan<byte> body, long now)
    {
        if (IsStream)
        {
            Events.Read(body, now);
        }
    }
}

/// <summary>Ticks since its making.</summary>
internal sealed class RunClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public long Now => time.GetElapsedTime(_start).Ticks;
}
