namespace Quoin.Peers.Edge;

/// <summary>What the .NET subjects answer.</summary>
internal sealed record Payload(string Message)
{
    public const string Text = "Hello, World!";

    /// <summary>Bytes of live objects.</summary>
    public static long ManagedBytes()
    {
        // Twice: what only finalizers held goes with the second.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
