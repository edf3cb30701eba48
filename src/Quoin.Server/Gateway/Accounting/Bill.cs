using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// What one admitted request uses: each attempt adds its tokens at its own provider's price, also two at once; the end
/// books the sum in the place of what was reserved and writes the one record. Ends once, by <see cref="Settle"/>
/// or, where the request was not admitted after all, by <see cref="Cancel"/>.
/// </summary>
internal sealed class Bill(UsageStage stage, Exchange exchange, BudgetAccount? account, Amounts reserved, bool hasPlace)
{
    private readonly Lock _lock = new();
    private TokenReservation? _estimate;
    private TokenUse _use;
    private long _cost;
    private bool _ended;

    /// <summary>Adds what an attempt used.</summary>
    /// <param name="record">Of the attempt.</param>
    /// <param name="usage">What its provider told.</param>
    /// <param name="bytes">Of its answer that went out.</param>
    /// <param name="events">Of its stream.</param>
    public void Add(RequestRecord record, Usage? usage, AttemptOutcome outcome, long bytes, int events)
    {
        var use = AttemptUse.Of(record, usage, outcome, bytes, events, Estimate);
        if (use.Total == 0)
        {
            return;
        }

        var cost = stage.CostOf(exchange, record, use);
        lock (_lock)
        {
            _use += use;
            _cost += cost;
        }
    }

    /// <summary>The request was refused, or became a job, which has a bill of its own when it runs.</summary>
    public void Cancel()
    {
        if (End())
        {
            account?.Release(reserved);
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
        account?.Settle(reserved, new Amounts(_cost, _use.Total), now);
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
                Use = _use,
                Cost = _cost,
                Starts = account?.Starts(now) ?? [],
            },
            hasPlace);
    }

    private static int StatusOf(RequestRecord record) =>
        record.ClientGone ? 499 : record.Error is { } error && record.StreamEvents == 0 ? error.Status : 200;

    private static string Cut(string? name) =>
        name is { Length: > UsageLimits.NameChars } ? name[..UsageLimits.NameChars] : name ?? "";

    private TokenReservation Estimate() => _estimate ??= TokenReservation.Of(
        exchange.Body.WrittenSpan, answers: exchange.Record.Operation == Operation.Chat);

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
