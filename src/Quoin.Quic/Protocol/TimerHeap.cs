namespace Quoin.Quic.Protocol;

/// <summary>Something with one deadline that a <see cref="TimerHeap{T}"/> keeps in order.</summary>
internal interface ITimed
{
    /// <summary>Nanoseconds; <see cref="ulong.MaxValue"/>: none.</summary>
    ulong Deadline { get; set; }

    /// <summary>Where the heap has it; -1: it has not. Only the heap writes it.</summary>
    int HeapIndex { get; set; }
}

/// <summary>
/// A binary heap over deadlines, earliest first. An item knows its place, so that its deadline can be moved, which
/// happens with nearly every packet. For one thread.
/// </summary>
internal sealed class TimerHeap<T>
    where T : class, ITimed
{
    private readonly List<T> _items = [];

    public int Count => _items.Count;

    /// <summary>The earliest deadline; <see cref="ulong.MaxValue"/>: none.</summary>
    public ulong Next => _items.Count == 0 ? ulong.MaxValue : _items[0].Deadline;

    /// <summary>Sets the deadline of an item, putting it in or taking it out as needed.</summary>
    public void Set(T item, ulong deadline)
    {
        if (deadline == ulong.MaxValue)
        {
            Remove(item);
            return;
        }

        item.Deadline = deadline;
        if (item.HeapIndex < 0)
        {
            item.HeapIndex = _items.Count;
            _items.Add(item);
        }

        if (!Rise(item))
        {
            Sink(item);
        }
    }

    public void Remove(T item)
    {
        var index = item.HeapIndex;
        item.Deadline = ulong.MaxValue;
        if (index < 0)
        {
            return;
        }

        item.HeapIndex = -1;
        var last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (ReferenceEquals(last, item))
        {
            return;
        }

        Place(last, index);
        if (!Rise(last))
        {
            Sink(last);
        }
    }

    /// <summary>Takes out the earliest item if its deadline has come.</summary>
    public bool TryTake(ulong now, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? item)
    {
        item = null;
        if (Next > now || _items.Count == 0)
        {
            return false;
        }

        item = _items[0];
        Remove(item);
        return true;
    }

    private bool Rise(T item)
    {
        var index = item.HeapIndex;
        var risen = false;
        while (index > 0)
        {
            var above = (index - 1) / 2;
            if (_items[above].Deadline <= item.Deadline)
            {
                break;
            }

            Place(_items[above], index);
            index = above;
            risen = true;
        }

        Place(item, index);
        return risen;
    }

    private void Sink(T item)
    {
        var index = item.HeapIndex;
        while (true)
        {
            var below = (2 * index) + 1;
            if (below >= _items.Count)
            {
                break;
            }

            if (below + 1 < _items.Count && _items[below + 1].Deadline < _items[below].Deadline)
            {
                below++;
            }

            if (_items[below].Deadline >= item.Deadline)
            {
                break;
            }

            Place(_items[below], index);
            index = below;
        }

        Place(item, index);
    }

    private void Place(T item, int index)
    {
        _items[index] = item;
        item.HeapIndex = index;
    }
}
