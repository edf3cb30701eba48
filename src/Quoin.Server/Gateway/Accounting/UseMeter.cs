using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// What a request may use by its estimate, and what it uses: each attempt adds its tokens at its own provider's price,
/// also two at once. There is one where a limit, a budget or a record asks for it.
/// </summary>
/// <param name="metrics">Null: costs are not counted beyond the request.</param>
internal sealed class UseMeter(Exchange exchange, UnpricedModels unpriced, UsageMetrics? metrics)
{
    private readonly Lock _lock = new();
    private TokenReservation? _estimate;
    private TokenUse _use;
    private long _cost;

    /// <summary>A limit or a budget is in money: a model without a price is told of.</summary>
    public bool CountsMoney { get; set; }

    public TokenReservation Estimate
    {
        get
        {
            lock (_lock)
            {
                return _estimate ??= TokenReservation.Of(
                    exchange.Body.WrittenSpan, answers: exchange.Record.Operation == Operation.Chat);
            }
        }
    }

    /// <summary>By the estimate, whoever answers; in billionths of a dollar.</summary>
    public long MostCost => exchange.Snapshot.Prices.Highest(exchange.Snapshot, exchange.Envelope.Model)
        .CostOf(new TokenUse(Estimate.Input, Estimate.Output));

    public TokenUse Use
    {
        get
        {
            lock (_lock)
            {
                return _use;
            }
        }
    }

    public Amounts Used
    {
        get
        {
            lock (_lock)
            {
                return new Amounts(_cost, _use.Total);
            }
        }
    }

    /// <summary>Adds what an attempt used.</summary>
    /// <param name="record">Of the attempt.</param>
    /// <param name="usage">What its provider told.</param>
    /// <param name="bytes">Of its answer that went out.</param>
    /// <param name="events">Of its stream.</param>
    public void Add(RequestRecord record, Usage? usage, AttemptOutcome outcome, long bytes, int events)
    {
        var use = AttemptUse.Of(record, usage, outcome, bytes, events, () => Estimate);
        if (use.Total == 0)
        {
            return;
        }

        var cost = CostOf(record.Provider ?? "", record.Model ?? "", use);
        lock (_lock)
        {
            _use += use;
            _cost += cost;
        }
    }

    private long CostOf(string provider, string model, in TokenUse use)
    {
        if (exchange.Snapshot.Prices.TryFind(provider, model, out var price))
        {
            var cost = price.CostOf(use);
            metrics?.AddCost(provider, model, cost);
            return cost;
        }

        if (CountsMoney)
        {
            unpriced.Note(provider, model);
        }

        return 0;
    }
}
