using System.CommandLine;
using System.Runtime.InteropServices;
using Quoin.Server;
using Quoin.Server.Configuration;
using Quoin.Server.Workers;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin serve</c>, also spelt <c>quoin server start</c></summary>
internal static class ServeVerb
{
    /// <summary>SIGUSR2 of Linux: .NET has no name for it.</summary>
    private const int UserSignal2 = 12;

    public static Command Create(CommandContext context) => Create("serve", "quoin serve", context);

    public static Command CreateServerStart(CommandContext context) =>
        new("server", "Run the server (see serve).\n\nExample: quoin server start --port 8080")
        {
            Create("start", "quoin server start", context),
        };

    private static Command Create(string name, string usage, CommandContext context)
    {
        var command = new Command(
            name,
            "Run the server. SIGHUP reads the configuration again; SIGUSR2 replaces the workers, if there are several."
            + $"\n\nExample: {usage} --config quoin.yaml");
        var options = new SettingOptions(command);
        command.SetAction((parsed, _) => RunAsync(options.Read(parsed, context), context));
        return command;
    }

    private static async Task<int> RunAsync(ConfigurationInputs inputs, CommandContext context)
    {
        var result = ConfigurationLoader.Load(inputs);
        if (result.Configuration is not { } configuration)
        {
            context.WriteErrors(result.Errors);
            return ExitCode.BadInput;
        }

        using var source = new ConfigurationSource(configuration, inputs);
        if (!WorkerHost.IsWorker && WorkerHost.IsSupervised(source))
        {
            return await SuperviseAsync(source);
        }

        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            // Uncancelled, the signal ends the process.
            signal.Cancel = true;
            source.Reload();
        });
        if (WorkerHost.IsWorker)
        {
            using var asked = new StopSignals(interrupt: false);
            await WorkerHost.RunWorkerAsync(source, asked.Token);
            return asked.ExitCode;
        }

        using var stop = new StopSignals();
        await ServerHost.RunAsync(source, stop.Token);
        return stop.ExitCode;
    }

    private static async Task<int> SuperviseAsync(ConfigurationSource source)
    {
        var signals = new SupervisorSignals();
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            signals.AskToReload();
        });
        using var restart = PosixSignalRegistration.Create((PosixSignal)UserSignal2, signal =>
        {
            signal.Cancel = true;
            signals.AskToRestart();
        });
        using var stop = new StopSignals();
        var code = await WorkerHost.SuperviseAsync(source, signals, stop.Token);
        return code == 0 ? stop.ExitCode : code;
    }
}
