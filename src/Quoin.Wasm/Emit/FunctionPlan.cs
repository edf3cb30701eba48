namespace Quoin.Wasm.Emit;

/// <summary>
/// How a function is compiled: which of its calls are replaced by the bodies of what they call, and what is then true
/// of the whole. Small functions go into their callers, one level deep, and somewhat larger ones into themselves. Fuel
/// is charged and traps are told as if they had been called. A budget keeps code and compile time in bounds: calls come
/// in the order of the body until it is spent.
/// </summary>
internal sealed class FunctionPlan
{
    /// <summary>
    /// Bodies up to this go in: a call with its checks takes about as much machine code. With twice as much QuickJS
    /// took a sixth longer to compile and ran no faster.
    /// </summary>
    private const int CalleeBytes = 40;

    /// <summary>Bodies up to this go into themselves: a recursion that does little but call (a third of fib).</summary>
    private const int RecursionBytes = 80;

    /// <summary>Parameters and locals of what goes in: each is a variable more.</summary>
    private const int CalleeVariables = 12;

    /// <summary>Bytes of all bodies that go into one function.</summary>
    private const int InlinedBytes = 400;

    /// <summary>
    /// In larger bodies one throw serves all traps: a block for each would bring the function over the size at which
    /// the compiler of machine code stops to optimise (2,000 blocks, 60,000 bytes).
    /// </summary>
    private const int ShareTrapsBytes = 3_000;

    /// <summary>Frames up to this are covered by what always stays free below a stack's limit.</summary>
    private const int UsualFrameBytes = 64 << 10;

    /// <summary>Locals for addresses up to which accesses are good: registers are few.</summary>
    private const int KeptLimits = 3;

    private readonly Dictionary<int, FunctionFacts> _inlined = [];

    public FunctionPlan(FunctionFacts facts, Func<int, FunctionFacts> factsOf)
    {
        Facts = facts;
        SharesTraps = facts.BodyBytes > ShareTrapsBytes;
        var left = InlinedBytes;
        foreach (var call in facts.DirectCalls)
        {
            var callee = factsOf(call.Function);
            if (!MayGoIn(callee, callee.Index == facts.Index) || callee.BodyBytes > left)
                continue;
            left -= callee.BodyBytes;
            _inlined.Add(call.Offset, callee);
        }

        var all = _inlined.Values.Append(facts).ToList();
        Calls = facts.OtherCalls + facts.DirectCalls.Count > _inlined.Count
            || _inlined.Values.Any(callee => callee.OtherCalls + callee.DirectCalls.Count > 0);
        UsesMemory = all.Any(one => one.UsesMemory);
        MemoryMayGrow = Calls || all.Any(one => one.GrowsMemory);
        if (!MemoryMayGrow)
        {
            MemoryLimits = [.. all.SelectMany(one => one.Extents)
                .GroupBy(pair => pair.Key, pair => pair.Value)
                .Select(group => (Extent: group.Key, Uses: group.Sum()))
                .Where(one => one.Uses > 1)
                .OrderByDescending(one => one.Uses)
                .ThenBy(one => one.Extent)
                .Take(KeptLimits)
                .Select(one => one.Extent)];
        }

        Rotates = all.Any(one => one.Rotates);
        Promotes = all.Any(one => one.Promotes);
        Blocks = all.Sum(one => one.Blocks);
        Locals = all.Sum(one => one.Type.Parameters.Length + one.Locals.Length);
        FrameBytes = all.Sum(one => one.FrameBytes);
    }

    public FunctionFacts Facts { get; }

    /// <summary>Whether it calls functions: only then can it recurse.</summary>
    public bool Calls { get; }

    /// <summary>Whether it needs a zero that the compiler of machine code does not know to be one.</summary>
    public bool Rotates { get; }

    /// <summary>Whether base and length of the memory are worth a local.</summary>
    public bool UsesMemory { get; }

    /// <summary>Whether it turns an f32 into an f64: a conversion back must then be hidden.</summary>
    public bool Promotes { get; }

    /// <summary>Whether the memory's length may be another after a call of anything.</summary>
    public bool MemoryMayGrow { get; }

    /// <summary>
    /// Extents of accesses for which the largest good address is worth a local. None if the memory may grow.
    /// </summary>
    public IReadOnlyList<long> MemoryLimits { get; } = [];

    public bool SharesTraps { get; }

    /// <summary>How large its frame may be.</summary>
    public int FrameBytes { get; }

    /// <summary>
    /// Whether the stack is asked for room before the function is entered: its own check would be too late.
    /// </summary>
    public bool NeedsGuard => FrameBytes > UsualFrameBytes;

    /// <summary>Straight pieces of the code that will be made, about.</summary>
    public int Blocks { get; }

    /// <summary>Parameters and locals.</summary>
    public int Locals { get; }

    /// <summary>The function whose body stands for the call at this offset in the module; null: it is called.</summary>
    public FunctionFacts? InlinedAt(int offset) => _inlined.GetValueOrDefault(offset);

    private static bool MayGoIn(FunctionFacts callee, bool isSelf) =>
        callee.BodyBytes <= (isSelf ? RecursionBytes : CalleeBytes)
        && !callee.TailCalls
        && callee.Type.Parameters.Length + callee.Locals.Length <= CalleeVariables;
}
