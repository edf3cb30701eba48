using System.Diagnostics;
using Quoin.Wasm;

namespace Kernels;

/// <summary>Exported functions of one number: "name median-ms result" for each.</summary>
internal static class KernelRuns
{
    public static void Run(string file, int runs, string[] kernels)
    {
        using var engine = new Engine();
        var module = engine.Compile(File.ReadAllBytes(file));
        foreach (var kernel in kernels)
        {
            using var store = new Store(engine);
            var parts = kernel.Split('=');
            var function = Instance.Create(store, module).Function(parts[0])!;
            var argument = Value.Of(Words.Number(parts[1]));
            var result = 0;
            var times = Times(runs, () => result = function.Call([argument])[0].I32);
            Words.Line($"{parts[0]} {Words.Percentile(times, 50):F3} {result}");
        }
    }

    /// <summary>Milliseconds of each run after two that do not count.</summary>
    public static List<double> Times(int runs, Action run)
    {
        var times = new List<double>();
        for (var i = 0; i < runs + 2; i++)
        {
            var started = Stopwatch.GetTimestamp();
            run();
            if (i >= 2)
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return times;
    }
}
