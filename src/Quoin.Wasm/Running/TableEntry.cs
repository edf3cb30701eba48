using System.Runtime.InteropServices;

namespace Quoin.Wasm.Running;

/// <summary>
/// An entry of a table. Of a function it has beside the reference what an indirect call needs, so that the call reads
/// it all at once; no function's type has the number 0, so an empty entry is none of any type.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct TableEntry
{
    public readonly object? Reference;
    public readonly FunctionContext? Context;
    public readonly nint Code;
    public readonly long TypeId;

    public TableEntry(object? reference)
    {
        Reference = reference;
        if (reference is not Function function)
            return;
        Context = function.Context;
        Code = function.Code;
        TypeId = function.TypeId;
    }

    /// <summary>Writes references into entries, as many as there are.</summary>
    public static void Fill(Span<TableEntry> entries, ReadOnlySpan<object?> references)
    {
        for (var i = 0; i < references.Length; i++)
            entries[i] = new TableEntry(references[i]);
    }
}
