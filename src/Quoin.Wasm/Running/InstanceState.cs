using System.Runtime.Intrinsics;

namespace Quoin.Wasm.Running;

/// <summary>What compiled code sees of its instance: every function has it as its last argument.</summary>
internal sealed class InstanceState(Store store, ModuleCode code) : FunctionContext(store)
{
    /// <summary>Holds the code: its raw addresses do not.</summary>
    public readonly ModuleCode Code = code;

    /// <summary>Null in modules without memory.</summary>
    public Memory? Memory;

    /// <summary>Numbers of globals by their index: the instance's own, and copies of imported constants.</summary>
    public Vector128<byte>[] Cells = [];

    /// <summary>References of globals, likewise.</summary>
    public object?[] References = [];

    /// <summary>Imported variables by the index of the global; null elsewhere.</summary>
    public Global[] ImportedVariables = [];

    public Table[] Tables = [];

    /// <summary>The imported functions.</summary>
    public Function[] ImportedFunctions = [];

    /// <summary>Numbers that the code loads instead of holding them: the compiler would fold them wrongly.</summary>
    public Vector128<byte>[] Constants = [];

    /// <summary>Element segments by index; empty when dropped.</summary>
    public object?[][] Elements = [];

    /// <summary>Whether a data segment was dropped.</summary>
    public bool[] DroppedData = [];

    private Function?[] _functions = [];

    public Global[] Globals { get; set; } = [];

    public void PrepareFunctions(int count)
    {
        _functions = new Function?[count];
        ImportedFunctions.CopyTo(_functions, 0);
    }

    /// <summary>The function with this index as a reference; always the same one.</summary>
    public Function FunctionAt(int index) => _functions[index] ??= Code.Reference(index, this);
}
