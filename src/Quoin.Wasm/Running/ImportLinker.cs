using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Running;

/// <summary>Finds what a module imports and holds it against the types that the module wants (section 4.5.1).</summary>
internal readonly struct ImportLinker(InstanceState state, Imports imports)
{
    public void Link()
    {
        var syntax = state.Code.Syntax;
        var (functions, tables, globals) = (0, 0, 0);
        foreach (var entry in syntax.Imports)
        {
            var import = imports.Find(entry.Module, entry.Name)
                ?? throw new LinkException($"unknown import {entry.Module}.{entry.Name}");
            if (import.Kind != entry.Kind)
                throw Mismatch(entry, import.Kind.ToString(), entry.Kind.ToString());
            switch (entry.Kind)
            {
                case ExternalKind.Function:
                    state.ImportedFunctions[functions] = LinkFunction(entry, import, functions);
                    functions++;
                    break;
                case ExternalKind.Table:
                    state.Tables[tables] = LinkTable(entry, (Table)import.Target, syntax.Tables[tables]);
                    tables++;
                    break;
                case ExternalKind.Memory:
                    state.Memory = LinkMemory(entry, (Memory)import.Target, syntax.Memories[0]);
                    break;
                default:
                    LinkGlobal(entry, (Global)import.Target, globals++);
                    break;
            }
        }
    }

    private Function LinkFunction(ImportEntry entry, Import import, int index)
    {
        var wanted = state.Code.Syntax.TypeOf(index);
        if (import.Target is Function function)
        {
            CheckStore(entry, function.Store);
            return function.Type.Equals(wanted) ? function : throw Mismatch(entry, function.Type, wanted);
        }

        if (!import.HostType!.Equals(wanted))
            throw Mismatch(entry, import.HostType, wanted);
        var name = $"{entry.Module}.{entry.Name}";
        var binding = new HostBinding(state, wanted, (HostFunction)import.Target, name);
        return state.Code.HostReference(index, binding, name);
    }

    private Table LinkTable(ImportEntry entry, Table table, TableType wanted)
    {
        CheckStore(entry, table.Store);
        return table.Type.Element == wanted.Element && table.Type.Size.Satisfies(wanted.Size, (uint)table.Length)
            ? table
            : throw Mismatch(entry, $"a table of {table.Length} of {table.Type}", wanted);
    }

    private Memory LinkMemory(ImportEntry entry, Memory memory, MemoryType wanted)
    {
        CheckStore(entry, memory.Store);
        return memory.Type.Pages.Satisfies(wanted.Pages, memory.Pages)
            ? memory
            : throw Mismatch(entry, $"a memory of {memory.Pages} pages of {memory.Type}", wanted);
    }

    private void LinkGlobal(ImportEntry entry, Global global, int index)
    {
        CheckStore(entry, global.Store);
        var wanted = state.Code.Syntax.Globals[index];
        if (global.Type != wanted)
            throw Mismatch(entry, global.Type, wanted);
        state.Globals[index] = global;
        state.ImportedVariables[index] = global;
        if (wanted.Mutable)
            return;

        // A constant never changes, so the code reads a copy as if it were the instance's own.
        new Global(state.Store, wanted, state.Cells, state.References, index).Set(global.Value);
    }

    private void CheckStore(ImportEntry entry, Store store)
    {
        if (store != state.Store)
            throw new LinkException($"import {entry.Module}.{entry.Name} is of another store");
    }

    private static LinkException Mismatch(ImportEntry entry, object found, object wanted) =>
        new($"incompatible import type of {entry.Module}.{entry.Name}: {found} found, {wanted} wanted");
}
