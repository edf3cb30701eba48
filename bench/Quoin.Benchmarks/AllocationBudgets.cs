using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Quoin.Benchmarks;

/// <summary>
/// Holds every benchmark to the bytes an operation may allocate, as <c>bench/budgets.json</c> says by the benchmark's
/// name. Bytes are the same on every machine; times are not, and are not looked at. A benchmark without a budget and a
/// budget without a benchmark are wrong too. One with far less than its budget is named, so that the budget is lowered.
/// </summary>
internal static class AllocationBudgets
{
    /// <summary>Enough calls that what is allocated once disappears in the rounding to whole bytes.</summary>
    private const int Calls = 16 * 1024;

    /// <summary>
    /// The smallest object takes 24 bytes: what is less than a third of one with each call is of the runtime's own
    /// threads, which the count cannot tell apart (1 B now and then on a busy machine).
    /// </summary>
    private const long Noise = 7;

    /// <summary>A budget is too wide when less than this part of it is used.</summary>
    private const double Wide = 0.8;

    /// <returns>The process's exit code: 1 when a budget is not kept.</returns>
    public static int Check(string file)
    {
        var budgets = JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllBytes(file)) ?? [];
        var measured = Measure();
        foreach (var (name, bytes) in measured.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"{bytes,8} B of {Budget(budgets, name),8}  {name}{Remark(budgets, name, bytes)}");
        }

        var unknown = budgets.Keys.Except(measured.Keys).ToList();
        unknown.ForEach(name => Console.WriteLine($"{name} has a budget but is not a benchmark, or it failed"));
        var kept = measured.All(pair => budgets.TryGetValue(pair.Key, out var budget) && pair.Value <= budget + Noise);
        return kept && unknown.Count == 0 ? 0 : 1;
    }

    private static Dictionary<string, long> Measure()
    {
        var job = Job.Dry.WithToolchain(InProcessEmitToolchain.Instance)
            .WithInvocationCount(Calls).WithUnrollFactor(16).WithWarmupCount(1).WithIterationCount(1);
        var config = ManualConfig.CreateEmpty()
            .AddJob(job).AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(NullLogger.Instance).AddColumnProvider(DefaultColumnProviders.Instance);
        var runs = typeof(AllocationBudgets).Assembly.GetTypes().Where(IsBenchmark)
            .Select(type => BenchmarkConverter.TypeToBenchmarks(type, config))
            .Select(run => new BenchmarkRunInfo([.. run.BenchmarksCases.Where(IsOurs)], run.Type, run.Config));
        return BenchmarkRunner.Run([.. runs])
            .SelectMany(summary => summary.Reports).Where(report => report.Success)
            .ToDictionary(Name, Bytes, StringComparer.Ordinal);
    }

    private static bool IsBenchmark(Type type) =>
        Array.Exists(type.GetMethods(), method => method.IsDefined(typeof(BenchmarkAttribute), inherit: false));

    /// <summary>Not a job that the class asks for by an attribute: those are for measuring time.</summary>
    private static bool IsOurs(BenchmarkCase benchmark) =>
        benchmark.Job.Infrastructure.Toolchain == InProcessEmitToolchain.Instance;

    /// <summary>Type, method and parameters: <c>WriteRequestLog.Line [Format=json]</c>.</summary>
    private static string Name(BenchmarkReport report)
    {
        var benchmark = report.BenchmarkCase;
        var name = $"{benchmark.Descriptor.Type.Name}.{benchmark.Descriptor.WorkloadMethod.Name}";
        return benchmark.HasParameters ? $"{name} {benchmark.Parameters.DisplayInfo}" : name;
    }

    private static long Bytes(BenchmarkReport report) =>
        report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;

    private static string Budget(Dictionary<string, long> budgets, string name) =>
        budgets.TryGetValue(name, out var budget) ? budget.ToString() : "none";

    private static string Remark(Dictionary<string, long> budgets, string name, long bytes)
    {
        if (!budgets.TryGetValue(name, out var budget))
        {
            return ": no budget; add one to budgets.json";
        }

        if (bytes > budget + Noise)
        {
            return ": OVER its budget";
        }

        return bytes < budget * Wide ? ": the budget can be lowered" : "";
    }
}
