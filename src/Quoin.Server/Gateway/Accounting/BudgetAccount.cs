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

    /// <summary>What the database knows, at the start.</summary>
    public void Restore(BudgetPeriod period, Spent spent)
    {
        lock (_lock)
        {
            if (spent.Start >= _spent[(int)period].Start)
            {
                _spent[(int)period] = spent;
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
