using Kernels;

// What is measured of Quoin.Wasm; "run" beside this folder calls it. Numbers go to the output, one line for each.
switch (args)
{
    case ["kernels", var module, var runs, .. var kernels]:
        KernelRuns.Run(module, Words.Number(runs), kernels);
        return 0;
    case ["quickjs", var module, var workload, var runs]:
        QuickJs.Run(module, workload, Words.Number(runs));
        return 0;
    case ["compile", .. var modules]:
        CompileRuns.Run(modules);
        return 0;
    case ["churn", var module, var compiles]:
        CompileRuns.Churn(module, Words.Number(compiles));
        return 0;
    case ["instances", var module, var rounds]:
        InstanceRuns.Run(module, Words.Number(rounds));
        return 0;
    case ["latency", var module, var seconds]:
        await LatencyRun.RunAsync(module, TimeSpan.FromSeconds(Words.Number(seconds)));
        return 0;
    case ["client", var address, var seconds]:
        await LatencyClient.RunAsync(new Uri(address), TimeSpan.FromSeconds(Words.Number(seconds)));
        return 0;
    default:
        Console.Error.WriteLine("kernels MODULE RUNS NAME=ARGUMENT… | quickjs MODULE WORKLOAD RUNS | compile MODULE… | "
            + "churn MODULE COMPILES | instances MODULE ROUNDS | latency MODULE SECONDS");
        return 2;
}
