using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// An allocator for ngtcp2 (<c>ngtcp2_mem</c>) that counts, to find leaks with. Connections without one use malloc. It
/// has to outlive the endpoint that it is given to. Counts are for all threads.
/// </summary>
internal sealed unsafe class CountedMemory : IDisposable
{
    // Five pointers: the counter, then malloc, free, calloc, realloc. Behind them the counter itself.
    private readonly nint* _table = (nint*)NativeMemory.AllocZeroed((nuint)((5 * sizeof(nint)) + sizeof(Counts)));

    public CountedMemory()
    {
        _table[0] = (nint)Counter;
        _table[1] = (nint)(delegate* unmanaged[Cdecl]<nuint, Counts*, void*>)&Allocate;
        _table[2] = (nint)(delegate* unmanaged[Cdecl]<void*, Counts*, void>)&Free;
        _table[3] = (nint)(delegate* unmanaged[Cdecl]<nuint, nuint, Counts*, void*>)&AllocateZeroed;
        _table[4] = (nint)(delegate* unmanaged[Cdecl]<void*, nuint, Counts*, void*>)&Reallocate;
    }

    /// <summary>What connections are made with.</summary>
    public nint Pointer => (nint)_table;

    /// <summary>Blocks that are not freed.</summary>
    public long Blocks => Interlocked.Read(ref Counter->Blocks);

    /// <summary>Blocks that were ever made.</summary>
    public long Made => Interlocked.Read(ref Counter->Made);

    private Counts* Counter => (Counts*)(_table + 5);

    public void Dispose() => NativeMemory.Free(_table);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* Allocate(nuint size, Counts* counts) => Count(TryAllocate(size), counts);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* AllocateZeroed(nuint count, nuint size, Counts* counts)
    {
        var bytes = count * size;
        var block = TryAllocate(bytes);
        if (block is not null)
        {
            NativeMemory.Clear(block, bytes);
        }

        return Count(block, counts);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(void* block, Counts* counts)
    {
        if (block is not null)
        {
            Interlocked.Decrement(ref counts->Blocks);
            NativeMemory.Free(block);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void* Reallocate(void* block, nuint size, Counts* counts)
    {
        try
        {
            var moved = NativeMemory.Realloc(block, size);
            return block is null ? Count(moved, counts) : moved;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    private static void* TryAllocate(nuint size)
    {
        try
        {
            return NativeMemory.Alloc(size);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    private static void* Count(void* block, Counts* counts)
    {
        if (block is not null)
        {
            Interlocked.Increment(ref counts->Blocks);
            Interlocked.Increment(ref counts->Made);
        }

        return block;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Counts
    {
        public long Blocks;
        public long Made;
    }
}
