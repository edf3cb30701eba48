using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// The bill of one admitted request: the end books what its attempts used (<see cref="UseMeter"/>) in the place of what
/// was reserved and writes the one record. Ends once, by <see cref="Settle"/> or, where the request was not admitted
/// after all, by <see cref="Cancel"/>.
/// </summary>
internal sealed class Bill(
    UsageStage stage, Exchange exchange, UseMeter meter, BudgetAccount? account, Amounts reserved, bool hasPlace)
{
    private readonly Lock _lock = new();
    private bool _ended;

    /// <summary>Where the budgets of all processes are; null: nothing is reserved there.</summary>
    public SharedReservation? Reservation { get; set; }

    /// <summary>The record has its place.</summary>
    public bool HasPlace => hasPlace;

    /// <summary>The request was refused, or became a job, which has a bill of its own when it runs.</summary>
    public void Cancel()
    {
        if (End())
        {
            account?.Release(reserved);
            stage.Book(exchange.Tenant, Reservation, used: default);
            stage.GiveUp(hasPlace);
        }
    }

    public void Settle(RequestRecord record)
    {
        if (!End())
        {
            return;
        }

        var now = exchange.Time.GetUtcNow();
        var used = meter.Used;
        account?.Settle(reserved, used, now);
        stage.Book(exchange.Tenant, Reservation, used);
        stage.Write(
            new UsageRecord
            {
                At = now,
                RequestId = record.RequestId,
                Key = exchange.Tenant,
                Operation = record.Operation is { } operation ? MetricNames.Of(operation) : "",
                RequestedModel = Cut(record.RequestedModel),
                Route = record.Route ?? "",
                Provider = record.Provider ?? "",
                Model = Cut(record.Model),
                Status = StatusOf(record),
                Error = record.Error is { } error ? MetricNames.Of(error.Kind) : "",
                Cache = record.Cache ?? "",
                Stream = record.Stream,
                Attempts = record.Attempts,
                Use = meter.Use,
                Cost = used.Cost,
                Starts = account?.Starts(now) ?? [],
            },
            hasPlace);
    }

    private static int StatusOf(RequestRecord record) =>
        record.ClientGone ? 499 : record.Error is { } error && record.StreamEvents == 0 ? error.Status : 200;

    private static string Cut(string? name) =>
        name is { Length: > UsageLimits.NameChars } ? name[..UsageLimits.NameChars] : name ?? "";

    private bool End()
    {
        lock (_lock)
        {
            var first = !_ended;
            _ended = true;
            return first;
        }
    }
}
