using System.Diagnostics;
using System.Globalization;
using Quoin.Wasm;

// Runs the kernels: Kernels MODULE RUNS NAME=ARGUMENT…; prints "name median-ms result".
using var engine = new Engine();
var compiling = Stopwatch.StartNew();
var module = engine.Compile(File.ReadAllBytes(args[0]));
Console.Error.WriteLine(FormattableString.Invariant($"compiled in {compiling.Elapsed.TotalMilliseconds:F1} ms"));
var runs = int.Parse(args[1], CultureInfo.InvariantCulture);
foreach (var kernel in args[2..])
{
    using var store = new Store(engine);
    var parts = kernel.Split('=');
    var function = Instance.Create(store, module).Function(parts[0])!;
    var argument = Value.Of(int.Parse(parts[1], CultureInfo.InvariantCulture));
    var times = new List<double>();
    var result = 0;
    for (var i = 0; i < runs + 2; i++)
    {
        var started = Stopwatch.GetTimestamp();
        result = function.Call([argument])[0].I32;
        if (i >= 2)
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    times.Sort();
    Console.WriteLine(FormattableString.Invariant($"{parts[0]} {times[times.Count / 2]:F3} {result}"));
}
