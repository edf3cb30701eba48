using System.Diagnostics;
using Quoin.Wasm;

namespace Kernels;

/// <summary>What an instance of small.c, a call in and a call out cost, in microseconds.</summary>
internal static class InstanceRuns
{
    public static void Run(string file, int rounds)
    {
        var program = File.ReadAllBytes(file);
        Instances("pooled", program, rounds, new EngineOptions());
        Instances("not pooled", program, rounds, new EngineOptions { PooledMemories = 0 });
        using var engine = new Engine();
        using var store = new Store(engine);
        var instance = Instance.Create(store, engine.Compile(program), Host());
        var run = instance.Function("run")!;
        var results = new Value[1];
        Value[] argument = [Value.Of(4)];
        Words.Line($"call in {Best(() => run.Call(argument, results, CallBudget.Default), rounds):F3} us");
        var host = instance.Function("out")!;
        Value[] thousand = [Value.Of(1000)];
        var thousandCalls = Best(() => host.Call(thousand, results, CallBudget.Default), rounds / 10);
        Words.Line($"call out {thousandCalls / 1000:F4} us");
    }

    private static Imports Host() => new Imports().Add("h", "nothing", new FunctionType([], []), (_, _, _) => { });

    private static void Instances(string what, byte[] program, int rounds, EngineOptions options)
    {
        using var engine = new Engine(options);
        var module = engine.Compile(program);
        var imports = Host();
        var times = new List<double>();
        for (var i = 0; i < rounds + 500; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using (var store = new Store(engine))
                Instance.Create(store, module, imports).Function("run")!.Call([Value.Of(4)]);
            if (i >= 500)
                times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        var (median, slow) = (Words.Percentile(times, 50), Words.Percentile(times, 99));
        Words.Line($"instance {what}: p50 {median:F1} us, p99 {slow:F1} us");
    }

    private static double Best(Action action, int rounds)
    {
        var best = double.MaxValue;
        for (var i = 0; i < 20; i++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var j = 0; j < rounds; j++)
                action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMicroseconds / rounds);
        }

        return best;
    }
}
