using System.Runtime.InteropServices;

namespace Quoin.Wasm;

/// <summary>What a module can import and export.</summary>
public enum ExternalKind : byte
{
    /// <summary>A function.</summary>
    Function = 0,

    /// <summary>A table of references.</summary>
    Table = 1,

    /// <summary>A linear memory.</summary>
    Memory = 2,

    /// <summary>A global variable or constant.</summary>
    Global = 3,
}

/// <summary>The least and, where given, the most that a memory (in pages) or a table (in entries) may hold.</summary>
/// <param name="Minimum">What it has when it is made.</param>
/// <param name="Maximum">What it may grow to; null: as far as the engine's limits go.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SizeRange(uint Minimum, uint? Maximum)
{
    /// <summary>Whether something of this size now may stand where <paramref name="wanted"/> is imported.</summary>
    internal bool Satisfies(SizeRange wanted, uint now) =>
        now >= wanted.Minimum && (wanted.Maximum is not { } most || Maximum is { } own && own <= most);
}

/// <summary>A table's element kind and size.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TableType(ValueKind Element, SizeRange Size);

/// <summary>A memory's size in pages of 64 KiB.</summary>
public readonly record struct MemoryType(SizeRange Pages);

/// <summary>A global's kind, and whether it can be set.</summary>
public readonly record struct GlobalType(ValueKind Kind, bool Mutable);

/// <summary>Something that a module needs from outside.</summary>
/// <param name="Module">The first half of its name.</param>
/// <param name="Name">The second half of its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Type">A <see cref="FunctionType"/>, <see cref="TableType"/>, <see cref="MemoryType"/> or
/// <see cref="GlobalType"/>.</param>
public sealed record ImportDescription(string Module, string Name, ExternalKind Kind, object Type);

/// <summary>Something that a module gives to others.</summary>
/// <param name="Name">Its name, unique in the module.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Type">As of <see cref="ImportDescription"/>.</param>
public sealed record ExportDescription(string Name, ExternalKind Kind, object Type);
