using System.Collections.Concurrent;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class UsageMetrics
{
    public static readonly MetricDescription SpentRatio = new(
        "quoin_budget_spent_ratio", "quoin.budget.spent", "1",
        "Spent part of the budgets of the first 100 keys, what is reserved included.",
        "key", "period", "unit");

    private readonly CounterFamily _refusals;
    private readonly CounterFamily _fallbacks;
    private readonly CappedLabel _models = new(TelemetryLimits.ModelLabels);
    private readonly ConcurrentDictionary<(string Provider, string Model), StrongBox> _costs = new();

    public UsageMetrics(MetricRegistry registry)
    {
        _refusals = registry.Counter(new(
            "quoin_budget_refusals_total", "quoin.budget.refusals", "{request}",
            "Requests that were refused for the budget of their key by reason.",
            "reason"));
        foreach (var reason in (string[])["budget", "unrecorded"])
        {
            _refusals.With(reason);
        }

        _fallbacks = registry.Counter(new(
            "quoin_budget_fallbacks_total", "quoin.budget.fallbacks", "{request}",
            "Requests held to a budget by what this worker knows alone, as the supervisor did not answer in time."));
        _fallbacks.With();
        registry.Callback(
            new(
                "quoin_cost_usd_total", "quoin.cost", "{USD}",
                "What calls of providers cost by the configured prices, in US dollars.",
                "provider", "model"),
            MetricKind.Counter,
            () => _costs.Select(cost => (
                (string[])[cost.Key.Provider, cost.Key.Model], (double)cost.Value.Read() / Price.Billionths)));
    }

    public void FallBack() => _fallbacks.With().Add(Stripes.Current, 1);

    public void Refuse(string reason) => _refusals.With(reason).Add(Stripes.Current, 1);

    /// <param name="provider">One of the configuration.</param>
    public void AddCost(string provider, string model, long billionths) =>
        _costs.GetOrAdd((provider, _models.Of(model, admit: true)), static _ => new StrongBox()).Add(billionths);

    /// <summary>Numbers that others keep.</summary>
    public static void Watch(MetricRegistry registry, UsageService usage)
    {
        var writer = usage.Stage.Writer;
        registry.Callback(
            new("quoin_usage_records_total", "quoin.usage.records", "{record}",
                "Records of usage that are in the database."),
            MetricKind.Counter, () => writer.Written);
        registry.Callback(
            new("quoin_usage_records_lost_total", "quoin.usage.records_lost", "{record}",
                "Records of usage that were lost because the database did not take them."),
            MetricKind.Counter, () => writer.Lost);
        registry.Callback(
            new("quoin_usage_pending", "quoin.usage.pending", "{record}",
                "Requests under way and records that are not yet in the database."),
            MetricKind.Gauge, () => writer.Pending);
        registry.Callback(SpentRatio, MetricKind.Gauge, usage.ReadBudgets);
    }

    private sealed class StrongBox
    {
        private long _value;

        public long Read() => Volatile.Read(ref _value);

        public void Add(long amount) => Interlocked.Add(ref _value, amount);
    }
}
