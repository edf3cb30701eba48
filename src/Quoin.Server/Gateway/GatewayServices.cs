using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway;

/// <summary>What every stage may use, made once.</summary>
internal sealed record GatewayServices(
    TimeProvider Time, IdSource Ids, GatewayMetrics Metrics, ServerTiming ServerTiming)
{
    public AttemptClocks Clocks { get; } = new(Time);
}
