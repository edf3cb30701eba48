using System.Runtime.Intrinsics;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Running;

/// <summary>Makes the state of an instance (section 4.5.4 of the specification).</summary>
internal static class Instantiation
{
    /// <summary>Everything up to the segments: nothing outside is touched yet.</summary>
    public static InstanceState Link(Store store, Module module, Imports imports)
    {
        var code = module.Code;
        var syntax = code.Syntax;
        var state = new InstanceState(store, code) { Constants = code.Constants };
        store.ReserveReturns(code.MostResults);
        state.ImportedFunctions = new Function[syntax.ImportedFunctions];
        state.Tables = new Table[syntax.Tables.Length];
        state.Globals = new Global[syntax.Globals.Length];
        state.Cells = syntax.Globals.Length == 0 ? [] : new Vector128<byte>[syntax.Globals.Length];
        state.References = syntax.Globals.Length == 0 ? [] : new object?[syntax.Globals.Length];
        state.ImportedVariables = syntax.ImportedGlobals == 0 ? [] : new Global[syntax.ImportedGlobals];
        new ImportLinker(state, imports).Link();
        state.PrepareFunctions(syntax.Functions.Length);
        for (var i = syntax.ImportedTables; i < state.Tables.Length; i++)
            state.Tables[i] = Table.Create(store, syntax.Tables[i]);
        if (syntax.Memories.Length > syntax.ImportedMemories)
            state.Memory = Memory.Create(store, syntax.Memories[^1]);
        MakeGlobals(state);
        state.Elements = syntax.Elements.Length == 0 ? [] : Array.ConvertAll(
            syntax.Elements, segment => segment.Mode == SegmentMode.Declarative ? [] : Evaluate(segment, state));
        state.DroppedData = syntax.Data.Length == 0 ? [] : new bool[syntax.Data.Length];
        return state;
    }

    /// <summary>Copies the active segments, in their order, each whole or not at all.</summary>
    public static void Fill(InstanceState state, Module module)
    {
        var syntax = state.Code.Syntax;
        for (var i = 0; i < syntax.Elements.Length; i++)
        {
            var segment = syntax.Elements[i];
            if (segment.Mode == SegmentMode.Active)
                FillTable(state, segment, i);
            if (segment.Mode != SegmentMode.Passive)
                state.Elements[i] = [];
        }

        module.Image?.CopyTo(state.Memory!);
        for (var i = 0; i < syntax.Data.Length; i++)
        {
            var segment = syntax.Data[i];
            if (segment.Mode != SegmentMode.Active)
                continue;
            state.DroppedData[i] = true;
            if (module.Image is null)
                FillMemory(state, segment);
        }
    }

    private static void MakeGlobals(InstanceState state)
    {
        var syntax = state.Code.Syntax;
        for (var i = syntax.ImportedGlobals; i < syntax.Globals.Length; i++)
        {
            var global = new Global(state.Store, syntax.Globals[i], state.Cells, state.References, i);
            global.Set(ConstantEvaluation.Evaluate(syntax.GlobalValues[i - syntax.ImportedGlobals], state));
            state.Globals[i] = global;
        }
    }

    private static object?[] Evaluate(ElementSegment segment, InstanceState state) =>
        Array.ConvertAll(segment.Values, value => ConstantEvaluation.Evaluate(value, state).Reference);

    private static void FillTable(InstanceState state, ElementSegment segment, int index)
    {
        var start = (uint)ConstantEvaluation.Evaluate(segment.Start!, state).I32;
        var values = state.Elements[index];
        var table = state.Tables[segment.Table];
        if ((ulong)start + (uint)values.Length > (uint)table.Length)
            throw new Trap(TrapKind.TableOutOfBounds, "out of bounds table access by an element segment");
        TableEntry.Fill(table.Entries.AsSpan((int)start), values);
    }

    private static void FillMemory(InstanceState state, DataSegment segment)
    {
        var start = (uint)ConstantEvaluation.Evaluate(segment.Start!, state).I32;
        if (!state.Memory!.TrySlice(start, (uint)segment.Length, out var bytes))
            throw new Trap(TrapKind.MemoryOutOfBounds, "out of bounds memory access by a data segment");
        state.Code.Syntax.Bytes.AsSpan(segment.First, segment.Length).CopyTo(bytes);
    }
}
