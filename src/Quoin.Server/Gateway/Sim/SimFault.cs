namespace Quoin.Server.Gateway.Sim;

/// <summary>What goes wrong. The names in scenario files are these in snake_case.</summary>
internal enum SimFaultKind
{
    RateLimit,
    Error,
    Reset,
    NoResponse,
    SlowFirstToken,
    Cut,
    Stall,
    MalformedChunk,
    MissingEnd,
    ContextLength,
    ContentFilter,
    ErrorEvent,
    Flapping,
    NoPrefill,
    WrongContentType,
    TruncatedBody,
    HugeBody,
}

/// <summary>A fault with its parameters; each kind reads what <see cref="SimFaultReader"/> lets it have.</summary>
internal sealed record SimFault(SimFaultKind Kind)
{
    /// <summary>Content events sent before it happens; null: the kind's default.</summary>
    public int? After { get; init; }

    /// <summary>Number of the content event that is spoilt, from 1.</summary>
    public int At { get; init; } = 1;

    public int Status { get; init; } = 500;

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The whole body of an error answer; null: the dialect's own error.</summary>
    public string? Body { get; init; }

    public string? ContentType { get; init; }

    public string? Message { get; init; }

    /// <summary>slow_first_token: time from the headers to the first token.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>stall: length of the silence; null: for ever.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>cut: Complete or Reset.</summary>
    public SimEnding Ending { get; init; } = SimEnding.Complete;

    /// <summary>content_filter: an answer that ends so, in place of a 400.</summary>
    public bool AsFinish { get; init; }

    public TimeSpan Down { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan Up { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>flapping: what a call meets while it is down.</summary>
    public SimFaultKind While { get; init; } = SimFaultKind.Error;

    /// <summary>huge_body: bytes of the body.</summary>
    public long Size { get; init; } = 16 << 20;

    /// <summary>truncated_body: bytes that are announced and never sent.</summary>
    public int Missing { get; init; } = 16;

    /// <summary>Whether it can happen to such a call at all; a rule whose fault cannot is passed over.</summary>
    public bool Fits(SimCall call, TimeSpan sinceStart) => Kind switch
    {
        SimFaultKind.MissingEnd or SimFaultKind.ErrorEvent => call.Streams,
        SimFaultKind.TruncatedBody or SimFaultKind.HugeBody => !call.Streams,
        SimFaultKind.NoPrefill => call.Prefilled,
        SimFaultKind.ContentFilter when AsFinish => call.Operation == SimOperation.Chat,
        SimFaultKind.Flapping => sinceStart.Ticks % (Down + Up).Ticks < Down.Ticks,
        _ => true,
    };
}

/// <summary>What a rule can see of a call.</summary>
/// <param name="Prefilled">The last message is the assistant's.</param>
internal sealed record SimCall(
    SimShape Shape, SimOperation Operation, string Model, bool Streams, bool Prefilled, Func<string, string?> Header);
