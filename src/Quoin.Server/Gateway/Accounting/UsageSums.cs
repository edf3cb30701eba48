using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// The sums of some records, by day and by budget period: a row of the database for each of them is written once, not
/// once for each record.
/// </summary>
internal sealed class UsageSums
{
    private readonly Dictionary<(DateOnly Day, string Key, string Provider, string Model), DaySum> _days = [];
    private readonly Dictionary<(string Key, int Period, DateOnly Start), Amounts> _spent = [];

    public IReadOnlyDictionary<(DateOnly Day, string Key, string Provider, string Model), DaySum> Days => _days;

    public IReadOnlyDictionary<(string Key, int Period, DateOnly Start), Amounts> Spent => _spent;

    public void Add(UsageRecord record)
    {
        var day = DateOnly.FromDateTime(record.At.UtcDateTime);
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _days, (day, record.Key, record.Provider, record.Model), out _);
        sum = new DaySum(
            sum.Requests + 1,
            sum.Errors + (record.Error.Length > 0 ? 1 : 0),
            sum.CacheHits + (record.FromCache ? 1 : 0),
            sum.Estimated + (record.Use.Estimated ? 1 : 0),
            sum.Use + record.Use,
            sum.Cost + record.Cost);
        for (var i = 0; i < record.Starts.Length && (record.Cost > 0 || record.Use.Total > 0); i++)
        {
            ref var spent = ref CollectionsMarshal.GetValueRefOrAddDefault(
                _spent, (record.Key, i, record.Starts[i]), out _);
            spent += new Amounts(record.Cost, record.Use.Total);
        }
    }
}

/// <summary>A sum of requests in one day.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DaySum(
    long Requests, long Errors, long CacheHits, long Estimated, TokenUse Use, long Cost);
