using System.Globalization;
using System.Runtime.InteropServices;

namespace Quoin.Server.Workers;

/// <summary>A slot of the supervisor and which of the processes that it has had there.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct WorkerName(int Slot, int Generation)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Slot}.{Generation}");
}

/// <summary>
/// What a worker is told by its supervisor, in the environment: who it is, the descriptor of the listening socket that
/// it has inherited, and the folder in which the sockets between the processes lie.
/// </summary>
internal sealed record WorkerIdentity(WorkerName Name, int Descriptor, int Count, string Folder)
{
    public const string Variable = "QUOIN_WORKER";

    /// <summary>Jobs, idempotency keys and the control plane are this worker's.</summary>
    public bool IsOwner => Name.Slot == 0;

    /// <summary>The socket on which this worker answers the other processes.</summary>
    public string Socket => SocketOf(Folder, Name);

    /// <summary>What this worker has counted when it ends.</summary>
    public string LastPage => LastPageOf(Folder, Name);

    public string OwnerSocket => OwnerSocketOf(Folder);

    public string PageSocket => PageSocketOf(Folder);

    public string SharedSocket => SharedSocketOf(Folder);

    public static string SocketOf(string folder, WorkerName name) => Path.Combine(folder, $"w{name}.sock");

    public static string LastPageOf(string folder, WorkerName name) => Path.Combine(folder, $"w{name}.metrics");

    /// <summary>A link to the socket of worker 0.</summary>
    public static string OwnerSocketOf(string folder) => Path.Combine(folder, "owner.sock");

    /// <summary>The supervisor's, for the metrics page of all.</summary>
    public static string PageSocketOf(string folder) => Path.Combine(folder, "page.sock");

    /// <summary>The supervisor's, for limits, budgets and breakers of all.</summary>
    public static string SharedSocketOf(string folder) => Path.Combine(folder, "shared.sock");

    /// <summary>Null: this process is no worker.</summary>
    public static WorkerIdentity? Read(string? text)
    {
        var parts = text?.Split(':', 5) ?? [];
        return parts.Length == 5 && TryRead(parts[0], out var slot) && TryRead(parts[1], out var generation)
            && TryRead(parts[2], out var descriptor) && TryRead(parts[3], out var count) && parts[4].Length > 0
            ? new WorkerIdentity(new WorkerName(slot, generation), descriptor, count, parts[4])
            : null;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Name.Slot}:{Name.Generation}:{Descriptor}:{Count}:{Folder}");

    private static bool TryRead(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
