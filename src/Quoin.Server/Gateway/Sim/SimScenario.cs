using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Sim;

/// <summary>A script of faults: the first rule that matches a call and is due decides; none: all goes well.</summary>
/// <param name="FaultsByHeader">Callers may choose a fault for one call by the header <c>x-sim-fault</c>.</param>
internal sealed record SimScenario(IReadOnlyList<SimRule> Rules, bool FaultsByHeader = false)
{
    public static readonly SimScenario None = new([]);
}

/// <summary>
/// Which calls a fault strikes. Of the matching calls the first <see cref="After"/> go well, then each
/// <see cref="Every"/>th is struck, at most <see cref="Times"/> times and no longer than <see cref="For"/> from the
/// first matching call on.
/// </summary>
internal sealed record SimRule(string Name, SimMatch Match, SimFault Fault)
{
    public int After { get; init; }

    public int Every { get; init; } = 1;

    public int? Times { get; init; }

    public TimeSpan? For { get; init; }
}

/// <summary>Conditions of a rule, all of which must hold; null holds always. Patterns know <c>*</c>.</summary>
internal sealed record SimMatch
{
    public string? Model { get; init; }

    public SimShape? Dialect { get; init; }

    /// <summary>Null: all but the listing of models, which health checks use.</summary>
    public SimOperation? Operation { get; init; }

    public bool? Stream { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public bool Holds(SimCall call)
    {
        if (Operation is { } operation ? call.Operation != operation : call.Operation == SimOperation.Models)
        {
            return false;
        }

        if ((Dialect is { } dialect && call.Shape != dialect) || (Stream is { } stream && call.Streams != stream)
            || (Model is not null && !Glob(Model, call.Model)))
        {
            return false;
        }

        foreach (var (name, pattern) in Headers)
        {
            if (call.Header(name) is not { } value || !Glob(pattern, value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// <c>*</c> stands for any run of characters. Greedy with one place to go back to: linear in most cases, never
    /// worse than the product of the lengths.
    /// </summary>
    public static bool Glob(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        return !pattern[p..].ContainsAnyExcept('*');
    }
}

/// <summary>What a rule has met so far.</summary>
internal readonly record struct SimRuleState(SimRule Rule, int Matches, int Hits);

/// <summary>A scenario as it runs: counts the calls and chooses the fault. Safe to use from many threads.</summary>
internal sealed class SimScenarioRun(SimScenario scenario, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Counter[] _counters = new Counter[scenario.Rules.Count];
    private long _start = time.GetTimestamp();

    public SimScenario Scenario => scenario;

    public SimFault? Choose(SimCall call)
    {
        if (scenario.Rules.Count == 0)
        {
            return null;
        }

        lock (_lock)
        {
            var now = time.GetTimestamp();
            for (var i = 0; i < _counters.Length; i++)
            {
                var rule = scenario.Rules[i];
                if (rule.Match.Holds(call) && rule.Fault.Fits(call, time.GetElapsedTime(_start, now))
                    && Strikes(rule, ref _counters[i], now))
                {
                    return rule.Fault;
                }
            }
        }

        return null;
    }

    /// <summary>Counters and clocks begin anew.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            Array.Clear(_counters);
            _start = time.GetTimestamp();
        }
    }

    public List<SimRuleState> ReadState()
    {
        lock (_lock)
        {
            return [.. scenario.Rules.Select((rule, i) =>
                new SimRuleState(rule, _counters[i].Matches, _counters[i].Hits))];
        }
    }

    private bool Strikes(SimRule rule, ref Counter counter, long now)
    {
        if (counter.Matches == 0)
        {
            counter.FirstMatch = now;
        }

        counter.Matches++;
        var past = counter.Matches - rule.After;
        if (past <= 0 || past % rule.Every != 0 || counter.Hits >= rule.Times
            || (rule.For is { } length && time.GetElapsedTime(counter.FirstMatch, now) >= length))
        {
            return false;
        }

        counter.Hits++;
        return true;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Counter
    {
        public int Matches;
        public int Hits;
        public long FirstMatch;
    }
}
