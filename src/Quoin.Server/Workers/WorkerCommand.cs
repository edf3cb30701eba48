namespace Quoin.Server.Workers;

/// <summary>
/// What a supervisor tells a worker, one byte each on the worker's standard input. The end of the input is the end of
/// the supervisor. Numbers are for good: during a restart of all, old and new programs speak to each other.
/// </summary>
internal enum WorkerCommand : byte
{
    /// <summary>Answer what has begun and what comes on open connections meanwhile, then go.</summary>
    Retire = (byte)'R',

    /// <summary>Go, as on SIGTERM.</summary>
    Stop = (byte)'S',

    /// <summary>Read the configuration again.</summary>
    Reload = (byte)'H',
}
