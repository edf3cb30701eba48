namespace Quoin.Wasm.Running;

/// <summary>
/// What compiled code calls for instructions on many bytes or entries, and on tables. Each takes its operands, the
/// instance, its immediates and the place it traps at. Those that move much charge for it first: 8 bytes, or one entry,
/// cost 1.
/// </summary>
internal static class BulkOperations
{
    private const int BytesPerFuel = 8;

    public static int MemoryGrow(int pages, InstanceState instance, int site)
    {
        _ = site;
        return instance.Memory!.Grow((uint)pages);
    }

    public static unsafe void MemoryFill(int address, int value, int count, InstanceState instance, int site)
    {
        ChargeBytes(instance, (uint)count, site);
        System.Runtime.InteropServices.NativeMemory.Fill(
            Range(instance, address, count, site), (uint)count, (byte)value);
    }

    public static unsafe void MemoryCopy(int to, int from, int count, InstanceState instance, int site)
    {
        ChargeBytes(instance, (uint)count, site);
        var source = Range(instance, from, count, site);
        Buffer.MemoryCopy(source, Range(instance, to, count, site), (uint)count, (uint)count);
    }

    public static unsafe void MemoryInit(int to, int from, int count, InstanceState instance, int data, int site)
    {
        ChargeBytes(instance, (uint)count, site);
        var segment = instance.Code.Syntax.Data[data];
        var length = instance.DroppedData[data] ? 0 : segment.Length;
        if ((ulong)(uint)from + (uint)count > (uint)length)
            throw TrapSites.Make(instance, site, TrapKind.MemoryOutOfBounds);
        var target = Range(instance, to, count, site);
        instance.Code.Syntax.Bytes.AsSpan(segment.First + from, count).CopyTo(new Span<byte>(target, count));
    }

    public static void DataDrop(InstanceState instance, int data, int site)
    {
        _ = site;
        instance.DroppedData[data] = true;
    }

    public static object? TableGet(int index, InstanceState instance, int table, int site)
    {
        var entries = instance.Tables[table].Entries;
        return (uint)index < (uint)entries.Length
            ? entries[index].Reference
            : throw TrapSites.Make(instance, site, TrapKind.TableOutOfBounds);
    }

    public static void TableSet(int index, object? value, InstanceState instance, int table, int site)
    {
        var entries = instance.Tables[table].Entries;
        if ((uint)index >= (uint)entries.Length)
            throw TrapSites.Make(instance, site, TrapKind.TableOutOfBounds);
        entries[index] = new TableEntry(value);
    }

    public static int TableSize(InstanceState instance, int table, int site)
    {
        _ = site;
        return instance.Tables[table].Length;
    }

    public static int TableGrow(object? value, int count, InstanceState instance, int table, int site)
    {
        // A table moves as a whole when it grows.
        var target = instance.Tables[table];
        if ((uint)count > instance.Store.Engine.Limits.TableEntries)
            return -1;
        Charge(instance, (uint)count + (uint)target.Length, site);
        return target.Grow((uint)count, value);
    }

    public static void TableFill(int index, object? value, int count, InstanceState instance, int table, int site)
    {
        Charge(instance, (uint)count, site);
        Range(instance, instance.Tables[table].Entries, index, count, site).Fill(new TableEntry(value));
    }

    public static void TableCopy(
        int to, int from, int count, InstanceState instance, int target, int source, int site)
    {
        Charge(instance, (uint)count, site);
        var entries = Range(instance, instance.Tables[source].Entries, from, count, site);
        entries.CopyTo(Range(instance, instance.Tables[target].Entries, to, count, site));
    }

    public static void TableInit(
        int to, int from, int count, InstanceState instance, int element, int table, int site)
    {
        Charge(instance, (uint)count, site);
        var references = Range(instance, instance.Elements[element], from, count, site);
        TableEntry.Fill(Range(instance, instance.Tables[table].Entries, to, count, site), references);
    }

    public static void ElementDrop(InstanceState instance, int element, int site)
    {
        _ = site;
        instance.Elements[element] = [];
    }

    private static void ChargeBytes(InstanceState instance, uint count, int site) =>
        Charge(instance, count / BytesPerFuel, site);

    private static void Charge(InstanceState instance, uint fuel, int site)
    {
        var store = instance.Store;
        store.Fuel -= fuel;
        if (store.Fuel < Volatile.Read(ref store.FuelFloor))
            throw TrapSites.Make(instance, site, store.Interruption());
    }

    private static unsafe byte* Range(InstanceState instance, int address, int count, int site)
    {
        var memory = instance.Memory!;
        return (ulong)(uint)address + (uint)count <= (ulong)memory.Length
            ? memory.Base + (uint)address
            : throw TrapSites.Make(instance, site, TrapKind.MemoryOutOfBounds);
    }

    private static Span<T> Range<T>(InstanceState instance, T[] entries, int index, int count, int site) =>
        (ulong)(uint)index + (uint)count <= (uint)entries.Length
            ? entries.AsSpan(index, count)
            : throw TrapSites.Make(instance, site, TrapKind.TableOutOfBounds);
}
