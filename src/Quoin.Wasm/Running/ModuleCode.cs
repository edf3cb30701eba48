using System.Runtime.CompilerServices;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Running;

/// <summary>
/// A module compiled: addresses of its functions and of the stubs between them and the host. Who holds it holds the
/// collectible assembly that the addresses point into.
/// </summary>
internal sealed class ModuleCode
{
    private readonly RuntimeMethodHandle[] _functions;
    private readonly RuntimeMethodHandle[] _entries;
    private readonly RuntimeMethodHandle[] _hostStubs;
    private readonly RuntimeMethodHandle[] _all;
    private readonly Type _type;
    private readonly Dictionary<int, string> _names;

    public ModuleCode(ModuleSyntax syntax, CanonicalType[] types, Type type, CompiledMethods methods)
    {
        Syntax = syntax;
        Types = types;
        _type = type;
        _functions = methods.Functions;
        _entries = methods.Entries;
        _hostStubs = methods.HostStubs;
        _all = methods.All;
        Sites = methods.Sites;
        Unoptimized = methods.Unoptimized;
        Constants = methods.Constants;
        MostResults = syntax.Types.Length == 0 ? 0 : syntax.Types.Max(function => function.Results.Length);
        ExportIndices = [];
        _names = new Dictionary<int, string>(syntax.FunctionNames);
        for (var i = 0; i < syntax.Exports.Length; i++)
        {
            ExportIndices.Add(syntax.Exports[i].Name, i);
            if (syntax.Exports[i].Kind == ExternalKind.Function)
                _names.TryAdd((int)syntax.Exports[i].Index, syntax.Exports[i].Name);
        }
    }

    public ModuleSyntax Syntax { get; }

    /// <summary>The collectible assembly.</summary>
    public System.Reflection.Assembly Assembly => _type.Assembly;

    /// <summary>The module's types; they keep the numbers alive that the code compares.</summary>
    public CanonicalType[] Types { get; }

    public TrapSite[] Sites { get; }

    public System.Runtime.Intrinsics.Vector128<byte>[] Constants { get; }

    /// <summary>Indices of functions that are too large to be optimised.</summary>
    public int[] Unoptimized { get; }

    /// <summary>The most results that one of its types has.</summary>
    public int MostResults { get; }

    /// <summary>Places in the list of exports by their names.</summary>
    public Dictionary<string, int> ExportIndices { get; }

    /// <summary>By the name section, or else as exported, or else by its index.</summary>
    public string NameOf(int function) =>
        _names.TryGetValue(function, out var name) ? name : FormattableString.Invariant($"func[{function}]");

    /// <summary>A reference to a function that the module defines.</summary>
    public Function Reference(int index, InstanceState instance)
    {
        var type = (int)Syntax.Functions[index];
        var code = _functions[index - Syntax.ImportedFunctions].GetFunctionPointer();
        return new Function(Types[type], code, Entry(type), instance, NameOf(index));
    }

    /// <summary>A reference to a host function that the module imports as function <paramref name="index"/>.</summary>
    public Function HostReference(int index, HostBinding binding, string name)
    {
        var type = (int)Syntax.Functions[index];
        return new Function(Types[type], _hostStubs[type].GetFunctionPointer(), Entry(type), binding, name);
    }

    /// <summary>Compiles the method with this number to machine code now.</summary>
    public void Prepare(int method)
    {
        RuntimeHelpers.PrepareMethod(_all[method]);
        GC.KeepAlive(_type);
    }

    public int Methods => _all.Length;

    private nint Entry(int type) => _entries[type].GetFunctionPointer();
}

/// <summary>What the emitter made.</summary>
/// <param name="Functions">The functions that the module defines.</param>
/// <param name="Entries">By type, from the host in; empty where no function has the type.</param>
/// <param name="HostStubs">By type, from the program out; empty where no imported function has the type.</param>
/// <param name="All">All of these.</param>
internal sealed record CompiledMethods(
    RuntimeMethodHandle[] Functions,
    RuntimeMethodHandle[] Entries,
    RuntimeMethodHandle[] HostStubs,
    RuntimeMethodHandle[] All,
    TrapSite[] Sites,
    System.Runtime.Intrinsics.Vector128<byte>[] Constants,
    int[] Unoptimized);
