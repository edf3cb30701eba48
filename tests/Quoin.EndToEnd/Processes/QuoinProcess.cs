using System.Text.RegularExpressions;

namespace Quoin.EndToEnd.Processes;

/// <summary>
/// A running <c>quoin serve</c> on a free port of 127.0.0.1, in an empty folder of its own. It is ready when
/// <c>/health</c> answers; its log is part of every failure's message; it is stopped by SIGTERM.
/// </summary>
internal sealed class QuoinProcess : IAsyncDisposable
{
    private readonly ScratchFolder _folder = new();
    private ChildProcess? _process;
    private Task<string>? _log;

    private QuoinProcess()
    {
    }

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Where its configuration is, if it has one.</summary>
    public string ConfigurationFile => Path.Combine(_folder.Path, "quoin.yaml");

    public ChildProcess Process => _process ?? throw new InvalidOperationException("Not started.");

    /// <summary>Starts the server; without <paramref name="configuration"/> it has no configuration at all.</summary>
    /// <param name="files">Makes what the configuration needs, in the folder that the server starts in.</param>
    public static Task<QuoinProcess> StartAsync(
        string? configuration, CancellationToken cancellationToken, string? program = null,
        Func<string, Task>? files = null, params (string Name, string Value)[] environment) =>
        StartAsync([program ?? Workplace.Program], configuration, files, environment, cancellationToken);

    /// <summary>Starts the server under another program, such as a tracer, with that one's arguments.</summary>
    public static Task<QuoinProcess> StartUnderAsync(
        string[] command, string configuration, CancellationToken cancellationToken) =>
        StartAsync([.. command, Workplace.Program], configuration, files: null, [], cancellationToken);

    private static async Task<QuoinProcess> StartAsync(
        string[] command, string? configuration, Func<string, Task>? files, (string Name, string Value)[] environment,
        CancellationToken cancellationToken)
    {
        var server = new QuoinProcess();
        try
        {
            if (files is not null)
            {
                await files(server._folder.Path);
            }

            var arguments = new List<string>(command[1..]) { "serve", "--port", "0" };
            if (configuration is not null)
                arguments.AddRange(["--config", server._folder.Write("quoin.yaml", configuration)]);

            // The port of the metrics page is the same by default for every server of the machine.
            server._process = new ChildProcess(
                command[0], arguments, server._folder.Path,
                [("METRICS_PORT", "0"), ("TMPDIR", server._folder.Path), .. environment]);
            server._log = server._process.ReadToEndAsync(CancellationToken.None);
            await server.WaitUntilReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGTERM, then its exit code.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        Process.Terminate();
        return await Process.WaitForExitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
            await (_log ?? Task.FromResult("")).ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        _folder.Dispose();
    }

    /// <summary>The start screen names the address that was taken.</summary>
    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await pause.WaitForNextTickAsync(cancellationToken))
        {
            if (Process.HasExited)
                throw Process.Failure($"ended with {Process.ExitCode}");
            var found = Regex.Match(
                Process.Errors, @"listening +(https?://127\.0\.0\.1:[0-9]+)", RegexOptions.NonBacktracking);
            if (!found.Success)
                continue;

            Address = new Uri(found.Groups[1].Value);
            if (Address.Scheme == "https")
            {
                // Its certificate is the judges' matter.
                return;
            }

            using var health = await http.GetAsync(new Uri(Address, "/health"), cancellationToken);
            if (health.IsSuccessStatusCode)
                return;
        }
    }
}
