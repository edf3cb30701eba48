using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Quoin.EndToEnd.Processes;

/// <summary>
/// A program started by a test. Its output lines can be awaited one by one; its errors are kept for the message of a
/// failure. Whatever happens, it does not outlive the test.
/// </summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int KeptCharacters = 64 * 1024;

    /// <summary>No program of these tests takes longer for anything, on a machine with much else to do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task _readingErrors;
    private readonly string _name;
    private bool _disposed;

    public ChildProcess(
        string program, IEnumerable<string> arguments, string folder, params (string Name, string? Value)[] environment)
    {
        _name = Path.GetFileName(program);
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };

        // Settings of the machine's user are not settings of the test.
        foreach (var name in (string[])["QUOIN_CONFIG", "PORT", "SERVER_PORT", "SERVER_HOST", "NODE_OPTIONS"])
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        _process.StandardInput.Close();
        _readingErrors = ReadErrorsAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote to its error output so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>The next line of its output, null at the end.</summary>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            return await _process.StandardOutput.ReadLineAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure($"wrote no line for {Patience.TotalSeconds} s");
        }
    }

    /// <summary>The rest of its output, read to the end of the program.</summary>
    public async Task<string> ReadToEndAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            var output = await _process.StandardOutput.ReadToEndAsync(limit.Token);
            await WaitForExitAsync(limit.Token);
            return output;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure($"did not end within {Patience.TotalSeconds} s");
        }
    }

    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        await _process.WaitForExitAsync(limit.Token);
        await _readingErrors;
        return _process.ExitCode;
    }

    public void Terminate()
    {
        if (!_process.HasExited && Kill(_process.Id, SigTerm) != 0 && !_process.HasExited)
            throw Failure($"could not be signalled (errno {Marshal.GetLastPInvokeError()})");
    }

    /// <summary>Sends a signal to any process.</summary>
    public static void Signal(int process, int signal)
    {
        if (Kill(process, signal) != 0)
            throw new InvalidOperationException(
                $"{process} could not be signalled (errno {Marshal.GetLastPInvokeError()})");
    }

    /// <summary>SIGKILL, to it and to what it has started.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
    }

    public Exception Failure(string what) => new InvalidOperationException($"{_name} {what}.\n{Errors}");

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _readingErrors;
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private static CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        return limit;
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                if (_errors.Length < KeptCharacters)
                    _errors.Append(line).Append('\n');
            }
        }
    }
}
