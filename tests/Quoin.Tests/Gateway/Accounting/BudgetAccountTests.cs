using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;

namespace Quoin.Tests.Gateway.Accounting;

public sealed class BudgetAccountTests
{
    private static readonly DateTimeOffset Saturday = new(2026, 1, 31, 23, 59, 59, TimeSpan.Zero);

    [Theory]
    [InlineData("day", "2026-01-31", "2026-02-01")]
    [InlineData("week", "2026-01-26", "2026-02-02")]
    [InlineData("month", "2026-01-01", "2026-02-01")]
    public void Periods_begin_at_midnight_on_monday_and_on_the_first(string name, string start, string end)
    {
        var period = BudgetPeriods.Parse(name);
        var found = BudgetPeriods.StartOf(period, Saturday.ToOffset(TimeSpan.FromHours(5)));
        Assert.Equal(start, found.ToString("yyyy-MM-dd"));
        Assert.Equal(end, BudgetPeriods.EndOf(period, found).UtcDateTime.ToString("yyyy-MM-dd"));
    }

    [Fact]
    public void Sunday_belongs_to_the_week_of_the_monday_before() => Assert.Equal(
        new DateOnly(2026, 1, 26), BudgetPeriods.StartOf(BudgetPeriod.Week, Saturday.AddDays(1)));

    [Fact]
    public void Requests_at_the_same_time_cannot_reserve_more_than_there_is()
    {
        var account = new BudgetAccount();
        BudgetOptions[] budgets = [new() { Amount = 1, Per = "day" }];
        var estimate = new Amounts(Price.Billionths / 4, 100);
        var admitted = 0;
        Parallel.For(0, 64, _ =>
        {
            if (account.Reserve(budgets, estimate, Saturday) is null)
            {
                Interlocked.Increment(ref admitted);
            }
        });
        Assert.Equal(4, admitted);
    }

    [Fact]
    public void What_costs_nothing_is_never_refused()
    {
        var account = new BudgetAccount();
        BudgetOptions[] budgets = [new() { Amount = 1, Tokens = 10, Per = "day" }];
        account.Settle(default, new Amounts(5 * Price.Billionths, 500), Saturday);
        Assert.NotNull(account.Reserve(budgets, new Amounts(1, 1), Saturday));
        Assert.Null(account.Reserve(budgets, default, Saturday));
    }

    [Fact]
    public void A_new_period_is_empty_and_a_clock_that_goes_back_opens_none_again()
    {
        var account = new BudgetAccount();
        BudgetOptions[] budgets = [new() { Tokens = 10, Per = "day" }];
        account.Settle(default, new Amounts(0, 10), Saturday);
        Assert.Equal(Saturday.AddSeconds(1), account.Reserve(budgets, new Amounts(0, 1), Saturday)!.Resets);
        Assert.Null(account.Reserve(budgets, new Amounts(0, 10), Saturday.AddSeconds(1)));
        Assert.NotNull(account.Reserve(budgets, new Amounts(0, 1), Saturday));
    }

    /// <summary>Against a list of what was booked when, added up anew each time.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void It_agrees_with_a_list_of_all_bookings(int seed)
    {
        var random = new Random(seed);
        var account = new BudgetAccount();
        var booked = new List<(DateTimeOffset At, Amounts Amounts)>();
        var open = new List<Amounts>();
        var now = Saturday.AddDays(random.Next(400));
        BudgetOptions[] budgets =
        [
            new() { Amount = 1e-7, Per = "day" },
            new() { Tokens = 400, Per = "week" },
            new() { Amount = 1e-6, Tokens = 900, Per = "month" },
        ];
        for (var step = 0; step < 3000; step++)
        {
            now = now.AddMinutes(random.Next(100) switch { 0 => random.Next(50_000), < 50 => random.Next(60), _ => 0 });
            var estimate = new Amounts(random.Next(40), random.Next(40));
            if (open.Count == 0 || random.Next(2) == 0)
            {
                var fits = Array.TrueForAll(budgets, budget => Fits(budget, booked, open, estimate, now));
                Assert.Equal(fits, account.Reserve(budgets, estimate, now) is null);
                if (fits)
                {
                    open.Add(estimate);
                }

                continue;
            }

            var at = random.Next(open.Count);
            var used = new Amounts(random.Next(60), random.Next(60));
            if (random.Next(5) == 0)
            {
                account.Release(open[at]);
            }
            else
            {
                account.Settle(open[at], used, now);
                booked.Add((now, used));
            }

            open.RemoveAt(at);
        }
    }

    private static bool Fits(
        BudgetOptions budget, List<(DateTimeOffset At, Amounts Amounts)> booked, List<Amounts> open, Amounts estimate,
        DateTimeOffset now)
    {
        var period = BudgetPeriods.Parse(budget.Per);
        var start = BudgetPeriods.StartOf(period, now);
        var sum = booked.Where(b => BudgetPeriods.StartOf(period, b.At) == start).Select(b => b.Amounts).Concat(open)
            .Aggregate(estimate, (one, other) => one + other);
        return (estimate.Cost == 0 || budget.Amount is not { } amount || sum.Cost <= Math.Round(amount * 1e9))
            && (estimate.Tokens == 0 || budget.Tokens is not { } tokens || sum.Tokens <= tokens);
    }
}
