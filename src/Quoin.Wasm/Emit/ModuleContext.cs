using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>What the functions of a module share while code is written for them.</summary>
internal sealed class ModuleContext(
    ModuleSyntax syntax, WasmLimits limits, CanonicalType[] types, MethodBuilder[] methods)
{
    private readonly FunctionFacts?[] _facts = new FunctionFacts?[methods.Length];
    private readonly List<TrapSite> _sites = [];
    private readonly List<int> _unoptimized = [];
    private readonly List<ulong> _constants = [];
    private readonly Dictionary<ulong, int> _constantIndices = [];

    public ModuleSyntax Syntax { get; } = syntax;

    public WasmLimits Limits { get; } = limits;

    public CanonicalType[] Types { get; } = types;

    /// <summary>The functions that the module defines.</summary>
    public MethodBuilder[] Methods { get; } = methods;

    public TrapSite[] Sites => [.. _sites];

    public Vector128<byte>[] Constants => [.. _constants.Select(bits => Vector128.Create(bits, 0).AsByte())];

    /// <summary>Functions that are too large to be optimised.</summary>
    public int[] Unoptimized => [.. _unoptimized];

    /// <summary>
    /// Looks whether a function is one that the compiler of machine code does not optimise: above 60,000 bytes, 2,000
    /// blocks or 2,000 locals it gives up, silently (its limits are compiled in).
    /// </summary>
    public void NoteSize(FunctionPlan plan, int codeBytes)
    {
        if (codeBytes > 60_000 || plan.Blocks > 2_000 || plan.Locals > 2_000)
            _unoptimized.Add(plan.Facts.Index);
    }

    /// <summary>Facts of a function that the module defines.</summary>
    public FunctionFacts FactsOf(int index) =>
        _facts[index - Syntax.ImportedFunctions] ??= new FunctionFacts(Syntax, Limits, index);

    public int AddSite(TrapSite site)
    {
        _sites.Add(site);
        return _sites.Count - 1;
    }

    public int ConstantIndex(ulong bits)
    {
        if (_constantIndices.TryGetValue(bits, out var index))
            return index;
        _constants.Add(bits);
        return _constantIndices[bits] = _constants.Count - 1;
    }

    /// <summary>The bytes that the memory has at least; addresses below need no check.</summary>
    public long LeastMemory { get; } =
        syntax.Memories.Length == 0 ? 0 : (long)syntax.Memories[0].Pages.Minimum * Memory.PageBytes;
}
