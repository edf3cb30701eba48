using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Admission;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway;

/// <summary>What every stage may use, made once.</summary>
internal sealed record GatewayServices(
    TimeProvider Time, IdSource Ids, GatewayMetrics Metrics, ServerTiming ServerTiming)
{
    public AttemptClocks Clocks { get; } = new(Time);

    /// <summary>Null where it is not wired up; the cache itself may be switched off.</summary>
    public CacheHolder? Caches { get; init; }

    public IdempotencyStage? Idempotency { get; init; }

    public KeyGate? Keys { get; init; }

    public RateLimiter? RateLimits { get; init; }

    /// <summary>Null where no database keeps usage.</summary>
    public UsageStage? Usage { get; init; }

    /// <summary>Null where no journal keeps jobs.</summary>
    public JobStage? Jobs { get; init; }

    /// <summary>Null where nothing limits the calls under way.</summary>
    public AdmissionQueue? Admission { get; init; }
}
