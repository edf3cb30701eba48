using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Running;

/// <summary>
/// What a module's active data segments make of its memory, put together once, where their places are constants: an
/// instance then begins with one copy. Only what is not zero is in it.
/// </summary>
internal sealed class MemoryImage
{
    /// <summary>Larger ones, of segments far apart, cost more to copy than their segments do.</summary>
    private const long MostBytes = 1 << 20;

    private readonly byte[] _bytes;
    private readonly int _start;

    private MemoryImage(byte[] bytes, int start)
    {
        _bytes = bytes;
        _start = start;
    }

    /// <summary>Null: the segments have to be copied one by one.</summary>
    public static MemoryImage? TryCreate(ModuleSyntax syntax)
    {
        if (syntax.ImportedMemories > 0 || syntax.Memories.Length == 0)
            return null;
        var active = Array.FindAll(syntax.Data, segment => segment.Mode == SegmentMode.Active);
        if (active.Length == 0 || !Array.TrueForAll(active, segment => IsConstant(segment.Start!)))
            return null;
        var memoryBytes = (long)syntax.Memories[0].Pages.Minimum * Memory.PageBytes;
        var start = active.Min(StartOf);
        var end = active.Max(segment => StartOf(segment) + segment.Length);
        if (end > memoryBytes || end - start > MostBytes)
            return null;
        var bytes = new byte[end - start];
        foreach (var segment in active)
            syntax.Bytes.AsSpan(segment.First, segment.Length).CopyTo(bytes.AsSpan((int)(StartOf(segment) - start)));
        return new MemoryImage(bytes, (int)start);
    }

    public void CopyTo(Memory memory) => _bytes.CopyTo(memory.Span[_start..]);

    private static bool IsConstant(ConstantExpression start) => start.Instructions is [{ Code: Opcode.I32Const }];

    private static long StartOf(DataSegment segment) => (uint)segment.Start!.Instructions[0].Bits;
}
