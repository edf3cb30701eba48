using BenchmarkDotNet.Running;
using Quoin.Benchmarks;

if (args is ["budgets", var file])
{
    return AllocationBudgets.Check(file);
}

if (args is ["hit-ratios"])
{
    HitRatios.Print();
    return 0;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
