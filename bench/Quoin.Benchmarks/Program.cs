using BenchmarkDotNet.Running;
using Quoin.Benchmarks;

if (args is ["budgets", var file])
{
    return AllocationBudgets.Check(file);
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
