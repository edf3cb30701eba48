namespace Quoin.Server.Gateway.Accounting;

internal enum BudgetPeriod
{
    Day,
    Week,
    Month,
}

/// <summary>Periods of the calendar in UTC, told by the day they begin with; weeks begin on Monday (ISO 8601).
/// </summary>
internal static class BudgetPeriods
{
    public static readonly string[] Names = ["day", "week", "month"];

    public static BudgetPeriod Parse(string name) => (BudgetPeriod)Array.IndexOf(Names, name);

    public static DateOnly StartOf(BudgetPeriod period, DateTimeOffset now)
    {
        var day = DateOnly.FromDateTime(now.UtcDateTime);
        return period switch
        {
            BudgetPeriod.Day => day,
            BudgetPeriod.Week => day.AddDays(-(((int)day.DayOfWeek + 6) % 7)),
            _ => new DateOnly(day.Year, day.Month, 1),
        };
    }

    public static DateTimeOffset EndOf(BudgetPeriod period, DateOnly start)
    {
        var end = period switch
        {
            BudgetPeriod.Day => start.AddDays(1),
            BudgetPeriod.Week => start.AddDays(7),
            _ => start.AddMonths(1),
        };
        return new DateTimeOffset(end, TimeOnly.MinValue, TimeSpan.Zero);
    }
}
