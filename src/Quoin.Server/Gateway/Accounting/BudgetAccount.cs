using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>Money (billionths of a dollar) and tokens.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Amounts(long Cost, long Tokens)
{
    public static Amounts operator +(Amounts one, Amounts other) =>
        new(one.Cost + other.Cost, one.Tokens + other.Tokens);

    public static Amounts operator -(Amounts one, Amounts other) =>
        new(one.Cost - other.Cost, one.Tokens - other.Tokens);
}

/// <summary>What was spent in the period that began with <paramref name="Start"/>.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Spent(DateOnly Start, Amounts Amounts);

/// <summary>The budget that has too little left, and when there is more.</summary>
internal sealed record BudgetRefusal(BudgetOptions Budget, DateTimeOffset Resets);

/// <summary>
/// What one key has spent in the current day, week and month, and what its requests under way may yet spend. A request
/// reserves its estimate, and what it used is booked in its place: requests at the same time can overspend together by
/// no more than their estimates were wrong. A clock that goes back does not open a period again.
/// </summary>
internal sealed class BudgetAccount
{
    private readonly Lock _lock = new();
    private readonly Spent[] _spent = new Spent[BudgetPeriods.Names.Length];
    private Amounts _reserved;

    /// <summary>Null: reserved. What costs nothing is never refused.</summary>
    /// <param name="budgets">None: whatever it is.</param>
    public BudgetRefusal? Reserve(IReadOnlyList<BudgetOptions> budgets, Amounts estimate, DateTimeOffset now)
    {
        lock (_lock)
        {
            Roll(now);
            foreach (var budget in budgets)
            {
                var period = BudgetPeriods.Parse(budget.Per);
                var spent = _spent[(int)period];
                var after = spent.Amounts + _reserved + estimate;
                if ((estimate.Cost > 0 && after.Cost > CostOf(budget))
                    || (estimate.Tokens > 0 && after.Tokens > (budget.Tokens ?? long.MaxValue)))
                {
                    return new BudgetRefusal(budget, BudgetPeriods.EndOf(period, spent.Start));
                }
            }

            _reserved += estimate;
            return null;
        }
    }

    public void Release(Amounts estimate)
    {
        lock (_lock)
        {
            _reserved -= estimate;
        }
    }

    /// <summary>Books what was used in the place of what was reserved for it.</summary>
    public void Settle(Amounts estimate, Amounts used, DateTimeOffset now)
    {
        lock (_lock)
        {
            Roll(now);
            _reserved -= estimate;
            for (var i = 0; i < _spent.Length; i++)
            {
                _spent[i] = _spent[i] with { Amounts = _spent[i].Amounts + used };
            }
        }
    }

    /// <summary>What the database knows, at a start; of the same period the greater counts.</summary>
    public void Restore(BudgetPeriod period, Spent spent)
    {
        lock (_lock)
        {
            ref var known = ref _spent[(int)period];
            if (spent.Start > known.Start)
            {
                known = spent;
            }
            else if (spent.Start == known.Start)
            {
                known = known with
                {
                    Amounts = new Amounts(
                        Math.Max(known.Amounts.Cost, spent.Amounts.Cost),
                        Math.Max(known.Amounts.Tokens, spent.Amounts.Tokens)),
                };
            }
        }
    }

    public (Spent[] Spent, Amounts Reserved) Read(DateTimeOffset now)
    {
        lock (_lock)
        {
            Roll(now);
            return ([.. _spent], _reserved);
        }
    }

    /// <summary>The starts of the periods that something booked now belongs to.</summary>
    public DateOnly[] Starts(DateTimeOffset now)
    {
        lock (_lock)
        {
            Roll(now);
            return Array.ConvertAll(_spent, spent => spent.Start);
        }
    }

    /// <summary>The spent parts of budgets, what is reserved included, with the labels of the metric.</summary>
    public static IEnumerable<(string[] Labels, double Value)> RatiosOf(
        string key, IReadOnlyList<BudgetOptions> budgets, (Spent[] Spent, Amounts Reserved) state)
    {
        foreach (var budget in budgets)
        {
            var sum = state.Spent[(int)BudgetPeriods.Parse(budget.Per)].Amounts + state.Reserved;
            if (budget.Amount is not null)
            {
                yield return ([key, budget.Per, "usd"], (double)sum.Cost / CostOf(budget));
            }

            if (budget.Tokens is { } tokens)
            {
                yield return ([key, budget.Per, "token"], (double)sum.Tokens / tokens);
            }
        }
    }

    public static long CostOf(BudgetOptions budget) => budget.Amount is { } dollars
        ? (long)(decimal.Round((decimal)dollars * Price.Billionths))
        : long.MaxValue;

    private void Roll(DateTimeOffset now)
    {
        for (var i = 0; i < _spent.Length; i++)
        {
            var start = BudgetPeriods.StartOf((BudgetPeriod)i, now);
            if (start > _spent[i].Start)
            {
                _spent[i] = new Spent(start, default);
            }
        }
    }
}
