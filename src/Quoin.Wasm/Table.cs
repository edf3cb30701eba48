using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>A table of references that programs call through and hosts may fill.</summary>
public sealed class Table
{
    // Compiled code reads this. Exactly as long as the table.
    internal TableEntry[] Entries;

    private readonly uint _most;

    private Table(Store store, TableType type, TableEntry[] entries, uint most)
    {
        Store = store;
        Type = type;
        Entries = entries;
        _most = most;
    }

    /// <summary>Its type as it was made; the minimum is what it had then.</summary>
    public TableType Type { get; }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>Its entries now.</summary>
    public int Length => Entries.Length;

    /// <summary>An entry: a <see cref="Function"/>, or something of the host; null: none.</summary>
    public object? this[int index]
    {
        get => Entries[index].Reference;
        set
        {
            Store.ThrowIfRunsElsewhere();
            if (Type.Element == ValueKind.FuncRef && value is not (null or Function))
                throw new ArgumentException("the table holds functions", nameof(value));
            if (Type.Element == ValueKind.FuncRef && value is Function function && function.Store != Store)
                throw new ArgumentException("the function is of another store", nameof(value));
            Entries[index] = new TableEntry(value);
        }
    }

    /// <summary>Makes a table, empty, that modules can import.</summary>
    /// <exception cref="LinkException">It is larger than the engine allows.</exception>
    public static Table Create(Store store, TableType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (!type.Element.IsReference())
            throw new ArgumentException("a table holds references", nameof(type));
        var limit = store.Engine.Limits.TableEntries;
        if (type.Size.Minimum > limit)
            throw new LinkException($"entries of a table: {type.Size.Minimum}; at most {limit}");
        var most = Math.Min(limit, type.Size.Maximum ?? limit);
        return new Table(store, type, new TableEntry[type.Size.Minimum], most);
    }

    /// <summary>
    /// Grows by <paramref name="entries"/> of <paramref name="value"/>; answers the length before, or -1.
    /// </summary>
    internal int Grow(uint entries, object? value)
    {
        var before = (uint)Entries.Length;
        if (entries > _most - before)
            return -1;
        var grown = new TableEntry[before + entries];
        Entries.CopyTo(grown, 0);
        grown.AsSpan((int)before).Fill(new TableEntry(value));
        Entries = grown;
        return (int)before;
    }
}
