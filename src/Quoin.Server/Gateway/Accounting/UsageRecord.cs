namespace Quoin.Server.Gateway.Accounting;

/// <summary>What one admitted request used: written once, whatever its end. A row of <c>usage_records</c>.</summary>
internal sealed record UsageRecord
{
    public required DateTimeOffset At { get; init; }

    public required string RequestId { get; init; }

    /// <summary>Name of the key it came with; empty where none is asked for.</summary>
    public required string Key { get; init; }

    public string Operation { get; init; } = "";

    /// <summary>As the client named it.</summary>
    public string RequestedModel { get; init; } = "";

    public string Route { get; init; } = "";

    /// <summary>Who answered, or failed last; empty where no provider was called.</summary>
    public string Provider { get; init; } = "";

    public string Model { get; init; } = "";

    /// <summary>499: the client left.</summary>
    public int Status { get; init; }

    public string Error { get; init; } = "";

    public string Cache { get; init; } = "";

    public bool Stream { get; init; }

    public int Attempts { get; init; }

    /// <summary>Of all attempts.</summary>
    public TokenUse Use { get; init; }

    /// <summary>Of all attempts, in billionths of a dollar.</summary>
    public long Cost { get; init; }

    /// <summary>First days of the day, week and month that its spending is booked in.</summary>
    public DateOnly[] Starts { get; init; } = [];

    public bool FromCache => Cache is "hit" or "stale" or "coalesced";
}
