namespace Quoin.Server.Gateway.Admission;

/// <summary>A request that waits for a slot. Its links belong to the scheduler.</summary>
internal class Waiter(string flow, Priority priority, long enqueued, long startBy)
{
    /// <summary>Whose it is: those of one flow start in their order, flows take turns.</summary>
    public string Flow { get; } = flow;

    public Priority Priority { get; } = priority;

    /// <summary>Timestamp.</summary>
    public long Enqueued { get; } = enqueued;

    /// <summary>Timestamp from which on it is not started any more.</summary>
    public long StartBy { get; } = startBy;

    /// <summary>Its place in its flow; null when it does not wait (any more).</summary>
    internal LinkedListNode<Waiter>? Place { get; set; }
}
