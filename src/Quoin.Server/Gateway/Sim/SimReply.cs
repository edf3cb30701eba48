namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// What the simulated provider does with a request: wait, send headers, then bytes at their times. Whoever plays it
/// owns the clock and the wire. A reply is played once.
/// </summary>
internal sealed class SimReply
{
    /// <summary>Time before the headers.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Reset or Silence: what comes after the latency in place of any headers.</summary>
    public SimEnding InsteadOfHeaders { get; init; }

    public int Status { get; init; } = 200;

    public string ContentType { get; set; } = "application/json";

    public List<KeyValuePair<string, string>> Headers { get; } = [];

    /// <summary>The whole body, sent at once, where <see cref="Steps"/> is null.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The body in pieces; ends completely when no step says otherwise.</summary>
    public IEnumerable<SimStep>? Steps { get; init; }

    /// <summary>The length announced with <see cref="Steps"/>; null: none (chunked). It may be a lie.</summary>
    public long? ContentLength { get; init; }
}

/// <summary>A piece of a body.</summary>
/// <param name="Due">When, counted from the headers: absolute, so that delays do not add up.</param>
/// <param name="Bytes">Valid until the next step is asked for.</param>
/// <param name="Ending">Other than None: the last step.</param>
internal readonly record struct SimStep(
    TimeSpan Due, ReadOnlyMemory<byte> Bytes, SimEnding Ending = SimEnding.None);

internal enum SimEnding
{
    None,

    /// <summary>The body ends as HTTP says it should, whatever is missing in it.</summary>
    Complete,

    /// <summary>The connection is reset.</summary>
    Reset,

    /// <summary>Nothing more is sent and nothing is closed, until the caller gives up.</summary>
    Silence,
}
