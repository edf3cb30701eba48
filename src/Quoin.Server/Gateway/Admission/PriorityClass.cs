namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// The waiters of one priority: a queue for each flow, and the flows in a ring, one waiter a turn. (Deficit round
/// robin with every request of the same cost.) A flow that comes joins at the ring's end and leaves it with its last
/// waiter, so there are never more flows than waiters. All but <see cref="Longest"/> take constant time.
/// </summary>
internal sealed class PriorityClass(int weight)
{
    private readonly Dictionary<string, Flow> _flows = new(StringComparer.Ordinal);
    private readonly LinkedList<Flow> _ring = new();

    public int Weight { get; } = weight;

    public int Count { get; private set; }

    public int Flows => _flows.Count;

    /// <summary>Virtual time at which the class is served next.</summary>
    public long Pass { get; set; }

    public int CountOf(string flow) => _flows.TryGetValue(flow, out var found) ? found.Waiters.Count : 0;

    public void Add(Waiter waiter)
    {
        if (!_flows.TryGetValue(waiter.Flow, out var flow))
        {
            flow = new Flow(waiter.Flow);
            _flows.Add(waiter.Flow, flow);
            _ring.AddLast(flow.Node);
        }

        waiter.Place = flow.Waiters.AddLast(waiter);
        Count++;
    }

    /// <summary>Takes the next one; there must be one.</summary>
    public Waiter Take()
    {
        var flow = _ring.First!.Value;
        var waiter = flow.Waiters.First!.Value;
        _ring.RemoveFirst();
        _ring.AddLast(flow.Node);
        Remove(waiter);
        return waiter;
    }

    public void Remove(Waiter waiter)
    {
        var flow = _flows[waiter.Flow];
        flow.Waiters.Remove(waiter.Place!);
        waiter.Place = null;
        Count--;
        if (flow.Waiters.Count == 0)
        {
            _flows.Remove(flow.Name);
            _ring.Remove(flow.Node);
        }
    }

    /// <summary>The last waiter of the flow that has the most, and how many that are. There must be one.</summary>
    public (Waiter Last, int Count) Longest()
    {
        var longest = _ring.First!.Value;
        foreach (var flow in _ring)
        {
            if (flow.Waiters.Count > longest.Waiters.Count)
            {
                longest = flow;
            }
        }

        return (longest.Waiters.Last!.Value, longest.Waiters.Count);
    }

    private sealed class Flow
    {
        public Flow(string name)
        {
            Name = name;
            Node = new LinkedListNode<Flow>(this);
        }

        public string Name { get; }

        public LinkedList<Waiter> Waiters { get; } = new();

        public LinkedListNode<Flow> Node { get; }
    }
}
