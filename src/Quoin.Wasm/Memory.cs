using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>
/// A linear memory: bytes that programs and hosts read and write. It grows in pages and never shrinks.
/// </summary>
public sealed unsafe class Memory
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 65_536;

    // Compiled code reads these two. The base never moves.
    internal readonly byte* Base;
    internal long Length;

    private readonly MemoryReservation _reservation;
    private readonly uint _mostPages;

    private Memory(Store store, MemoryReservation reservation, MemoryType type, uint mostPages)
    {
        Store = store;
        Type = type;
        Base = reservation.Base;
        _reservation = reservation;
        _mostPages = mostPages;
    }

    /// <summary>Its type as it was made; the minimum is what it had then.</summary>
    public MemoryType Type { get; }

    /// <summary>The store that owns it.</summary>
    public Store Store { get; }

    /// <summary>Its pages now.</summary>
    public uint Pages => (uint)(Length / PageBytes);

    /// <summary>
    /// Its bytes, as far as a span reaches (2 GiB). Good until it grows or its store is disposed of, whichever is
    /// first:
    /// a host function takes it anew after each call back into the program.
    /// </summary>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(Store.IsDisposed, this);
            return new Span<byte>(Base, (int)Math.Min(Length, int.MaxValue));
        }
    }

    /// <summary>Makes a memory that modules can import.</summary>
    /// <exception cref="LinkException">It is larger than the engine allows, or the system has no room.</exception>
    public static Memory Create(Store store, MemoryType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        ObjectDisposedException.ThrowIf(store.IsDisposed, store);
        var limit = Math.Min(store.Engine.Limits.MemoryPages, 65_536);
        if (type.Pages.Minimum > limit)
            throw new LinkException($"pages of memory: {type.Pages.Minimum}; at most {limit}");
        var most = Math.Min(limit, type.Pages.Maximum ?? limit);
        var reservation = store.Engine.Memories.TryRent((long)most * PageBytes)
            ?? throw new LinkException("no address space for a memory");
        var memory = new Memory(store, reservation, type, most);
        if (!reservation.TryCommit((long)type.Pages.Minimum * PageBytes))
        {
            reservation.Dispose();
            throw new LinkException("no room for a memory");
        }

        memory.Length = (long)type.Pages.Minimum * PageBytes;
        store.Own(memory);
        return memory;
    }

    /// <summary>
    /// Grows by <paramref name="pages"/>; answers the pages before, or -1 if that is more than it may have.
    /// </summary>
    public int Grow(uint pages)
    {
        ObjectDisposedException.ThrowIf(Store.IsDisposed, this);
        var before = Pages;
        if (pages > _mostPages - before || !_reservation.TryCommit((long)(before + pages) * PageBytes))
            return -1;
        Length = (long)(before + pages) * PageBytes;
        return (int)before;
    }

    /// <summary>The bytes from <paramref name="address"/> on; false: not all of them are in the memory.</summary>
    public bool TrySlice(uint address, uint length, out Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(Store.IsDisposed, this);
        if ((ulong)address + length > (ulong)Length || length > int.MaxValue)
        {
            bytes = default;
            return false;
        }

        bytes = new Span<byte>(Base + address, (int)length);
        return true;
    }

    /// <summary>Gives its room back. Its store has ended: no call will use it.</summary>
    internal void Release()
    {
        var used = Length;
        Length = 0;
        Store.Engine.Memories.Return(_reservation, used);
    }
}
