using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>What the functions of a module share while code is written for them.</summary>
internal sealed class ModuleContext(ModuleSyntax syntax, CanonicalType[] types, MethodBuilder[] methods)
{
    private readonly List<TrapSite> _sites = [];
    private readonly List<ulong> _constants = [];
    private readonly Dictionary<ulong, int> _constantIndices = [];

    public ModuleSyntax Syntax { get; } = syntax;

    public CanonicalType[] Types { get; } = types;

    /// <summary>The functions that the module defines.</summary>
    public MethodBuilder[] Methods { get; } = methods;

    public TrapSite[] Sites => [.. _sites];

    public Vector128<byte>[] Constants => [.. _constants.Select(bits => Vector128.Create(bits, 0).AsByte())];

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
