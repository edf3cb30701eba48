using System.Globalization;

namespace Quoin.Peers.Gateway;

/// <summary>A goal, what was measured for it, and whether it is reached: null when it was not measured.</summary>
internal sealed record Goal(string Text, string Measured, bool? Reached)
{
    private const string Quoin = "quoin";

    /// <summary>Resident memory may be so much greater at the end of a million requests than after 300,000.</summary>
    private const double SteadyMemory = 1.05;

    public static IEnumerable<Goal> All(Measurements measured)
    {
        var rate = measured.Median("1k", Quoin, "rps");
        yield return AtLeast("throughput, same dialect, of nginx", rate / measured.Median("1k", "nginx", "rps"), 0.9);
        yield return AtLeast(
            "throughput, same dialect, of Portkey", rate / measured.Median("1k", "portkey", "rps"), 20);
        yield return AtLeast(
            "throughput, translated, of same dialect", measured.Median("translated", Quoin, "rps") / rate, 0.6);
        yield return AtMost("added p99 at one connection, ms", measured.Added("latency", Quoin, "p99_us") / 1000, 0.25);
        yield return AtMost("added first-event p99, ms", measured.Added("first", Quoin, "first_p99_us") / 1000, 0.5);
        yield return Streams(measured);
        yield return Errors(measured);
        yield return Memory(measured);
    }

    private static Goal Streams(Measurements measured)
    {
        const string scenario = "streams-512";
        if (measured.Median(scenario, Quoin, "events") is null)
        {
            return new Goal("512 streams, none stalls or breaks", "", null);
        }

        var stalls = measured.Sum(scenario, Quoin, "stalls");
        var errors = measured.Sum(scenario, Quoin, "errors");
        return new Goal(
            "512 streams, none stalls or breaks",
            string.Create(CultureInfo.InvariantCulture, $"{stalls} stalls, {errors} errors"), stalls + errors == 0);
    }

    private static Goal Errors(Measurements measured)
    {
        var worst = measured.Greatest(Quoin, "errors");
        return new Goal(
            "no error in any run", worst is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{worst}"),
            worst is null ? null : worst == 0);
    }

    private static Goal Memory(Measurements measured)
    {
        const string text = "resident after a million requests < 150 MB, not growing";
        var resident = measured.Values("million", Quoin, run => run["rss_kb"] / 1024);
        if (resident.Count < 6)
        {
            return new Goal(text, "", null);
        }

        var early = resident.Skip(2).Take(3).Average();
        var late = resident.TakeLast(3).Average();
        return new Goal(
            text, string.Create(CultureInfo.InvariantCulture, $"{early:F0} MB, then {late:F0} MB"),
            resident[^1] < 150 && late <= early * SteadyMemory);
    }

    private static Goal AtLeast(string text, double? value, double least) =>
        new(Invariant($"{text} ≥ {least}"), Two(value), value is null ? null : value >= least);

    private static Goal AtMost(string text, double? value, double most) =>
        new(Invariant($"{text} ≤ {most}"), Two(value), value is null ? null : value <= most);

    private static string Two(double? value) => value?.ToString("F2", CultureInfo.InvariantCulture) ?? "";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
