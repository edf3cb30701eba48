namespace Quoin.Server.Gateway.Jobs;

/// <summary>A feature of the requests that jobs make to the gateway itself: they were admitted when accepted.</summary>
internal sealed record JobCall(string Tenant, GatewayCall Call);
