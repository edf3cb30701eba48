using System.Runtime.InteropServices;

namespace Quoin.Cli;

/// <summary>
/// SIGINT and SIGTERM ask to stop; a second one ends the process at once, for who does not want to wait for requests
/// to finish.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private volatile bool _interrupted;

    /// <param name="interrupt">False: Ctrl+C is for another process of the terminal's, which will ask.</param>
    public StopSignals(bool interrupt = true)
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, interrupt ? Stop : Ignore);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    public CancellationToken Token => _stop.Token;

    public int ExitCode => _interrupted ? Cli.ExitCode.Interrupted : Cli.ExitCode.Done;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
    }

    private static void Ignore(PosixSignalContext signal) => signal.Cancel = true;

    private void Stop(PosixSignalContext signal)
    {
        if (_stop.IsCancellationRequested)
            return;
        signal.Cancel = true;
        _interrupted |= signal.Signal == PosixSignal.SIGINT;
        _stop.Cancel();
    }
}
