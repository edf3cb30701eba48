using System.Reflection.Emit;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes the places where a function is stopped. Each throws, so that the compiler of machine code keeps it out of the
/// way and holds no value for after it. In large functions one throw serves all: a local says which place it was.
/// </summary>
internal sealed class TrapWriter
{
    private readonly CodeWriter _writer;
    private readonly ModuleContext _module;
    private readonly ILGenerator _il;
    private readonly LocalBuilder? _site;
    private readonly Label _shared;
    private readonly List<(Label Label, int Site)> _traps = [];

    public TrapWriter(CodeWriter writer, ModuleContext module, FunctionPlan plan)
    {
        _writer = writer;
        _module = module;
        _il = writer.Il;
        if (!plan.SharesTraps)
            return;
        _site = _il.DeclareLocal(typeof(int));
        _shared = _il.DefineLabel();
    }

    /// <summary>The number of this place in the module's list, for runtime functions that may trap.</summary>
    public int Site(TrapKind kind, bool interruption = false) => _module.AddSite(
        new TrapSite(kind, interruption, _writer.Function.Index, _writer.Offset, _writer.PendingFuel));

    /// <summary>
    /// Where a branch goes that stops the program. Asked for before what the branch compares is written, since in large
    /// functions it writes code.
    /// </summary>
    public Label Label(TrapKind kind, bool interruption = false)
    {
        var site = Site(kind, interruption);
        if (_site is not null)
        {
            Note(site);
            return _shared;
        }

        var label = _il.DefineLabel();
        _traps.Add((label, site));
        return label;
    }

    /// <summary>Stops the program here.</summary>
    public void Throw(TrapKind kind, bool interruption = false)
    {
        var site = Site(kind, interruption);
        if (_site is null)
        {
            Throw(() => _il.LoadInt(site));
            return;
        }

        Note(site);
        _il.Emit(OpCodes.Br, _shared);
    }

    /// <summary>Writes what the labels stand for, at the function's end.</summary>
    public void WriteThrows()
    {
        foreach (var (label, site) in _traps)
        {
            _il.MarkLabel(label);
            Throw(() => _il.LoadInt(site));
        }

        if (_site is null)
            return;
        _il.MarkLabel(_shared);
        Throw(() => _il.Emit(OpCodes.Ldloc, _site));
    }

    private void Note(int site)
    {
        _il.LoadInt(site);
        _il.Emit(OpCodes.Stloc, _site!);
    }

    private void Throw(Action loadSite)
    {
        _writer.LoadFuel();
        _writer.LoadInstance();
        loadSite();
        _il.Emit(OpCodes.Call, RuntimeMembers.MakeTrap);
        _il.Emit(OpCodes.Throw);
    }
}
