namespace Quoin.Server.Workers;

/// <summary>Bounds of the supervisor and its workers that are no settings, with their reason.</summary>
internal static class WorkerLimits
{
    /// <summary>More processes than this on one machine share nothing but memory pressure.</summary>
    public const int Workers = 100;

    /// <summary>First pause before a worker that crashed is started again; doubled each time.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>A fault that lasts costs a start each half minute at most.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A worker that was ready for so long is healthy: its next crash is a first one.</summary>
    public static readonly TimeSpan Health = TimeSpan.FromMinutes(1);

    /// <summary>A loaded machine may take so long to start a process, whatever the worker's timeout is.</summary>
    public static readonly TimeSpan ShortestStart = TimeSpan.FromSeconds(30);

    /// <summary>What a worker that was told to go may take beyond <c>server.shutdown_timeout</c>.</summary>
    public static readonly TimeSpan LeavingGrace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A worker that is replaced keeps idle connections open for so long, so that a request that is just being sent
    /// is still answered (with <c>Connection: close</c>) instead of meeting a closed connection.
    /// </summary>
    public static readonly TimeSpan LastRequests = TimeSpan.FromSeconds(2);

    /// <summary>How often the supervisor asks a worker that starts: a start takes about half a second.</summary>
    public static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(50);

    /// <summary>How often at least it asks a worker that runs, and for its page of metrics.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>How often the supervisor looks at its clock.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <summary>A metrics page waits so long for a worker; then it has that worker's last numbers.</summary>
    public static readonly TimeSpan PageTime = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of a worker's metrics page: 2000 series of 400 bytes in each of some families.</summary>
    public const int PageBytes = 16 * 1024 * 1024;

    /// <summary>
    /// A request for worker 0 waits so long for its successor; a restart takes about a second, longer while it ends
    /// long requests.
    /// </summary>
    public static readonly TimeSpan OwnerWait = TimeSpan.FromSeconds(5);

    /// <summary>Requests that one worker has at worker 0 at once; more wait for a connection.</summary>
    public const int OwnerConnections = 256;

    /// <summary>
    /// Writes of a pipe up to this are never mixed with those of another process (PIPE_BUF of Linux).
    /// </summary>
    public const int AtomicWrite = 4096;

    /// <summary>The other workers answer the control plane within this, or are left out of its answer.</summary>
    public static readonly TimeSpan ControlTime = TimeSpan.FromSeconds(3);

    /// <summary>Names of drained providers that are kept: a caller of the control plane may say any.</summary>
    public const int Drained = 1000;

    /// <summary>Connections of worker 0 to each other worker, for the control plane.</summary>
    public const int PeerConnections = 8;

    /// <summary>A longer folder leaves no room for the names of sockets: a path of one has 107 bytes at most.</summary>
    public const int FolderBytes = 80;
}
