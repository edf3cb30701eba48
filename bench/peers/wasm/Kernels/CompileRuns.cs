using System.Diagnostics;
using Quoin.Wasm;

namespace Kernels;

/// <summary>What compiling costs.</summary>
internal static class CompileRuns
{
    /// <summary>Each module three times, uncached; the best is told, in wall time, and by the KB of the file.</summary>
    public static void Run(string[] files)
    {
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 0 });
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var best = double.MaxValue;
            Module? module = null;
            for (var i = 0; i < 3; i++)
            {
                var started = Stopwatch.GetTimestamp();
                module = engine.Compile(bytes);
                best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            var kilobytes = bytes.Length / 1024.0;
            Words.Line($"{Path.GetFileName(file)}: {kilobytes:F1} KB, {module!.FunctionCount} functions, {best:F1} ms");
            var each = best * 1024 / module.CodeBytes;
            Words.Line($"  {each:F2} ms for a KB of code, {module.UnoptimizedFunctions.Length} not optimised");
        }
    }

    /// <summary>The process's memory while one module after the other is compiled, run and forgotten.</summary>
    public static void Churn(string file, int compiles)
    {
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 0 });
        var bytes = File.ReadAllBytes(file);
        for (var i = 0; i <= compiles; i++)
        {
            CompileAndCall(engine, bytes);
            if (i % (compiles / 8) == 0)
            {
                Process.GetCurrentProcess().Refresh();
                Words.Line($"{i} compiles: {Environment.WorkingSet >> 20} MB");
            }
        }
    }

    private static void CompileAndCall(Engine engine, byte[] bytes)
    {
        using var store = new Store(engine);
        Instance.Create(store, engine.Compile(bytes)).Function("fib")!.Call([Value.Of(5)]);
    }
}
