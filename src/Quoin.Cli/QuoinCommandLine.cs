using System.CommandLine;
using System.CommandLine.Invocation;
using Quoin.Cli.Verbs;
using Quoin.Server;

namespace Quoin.Cli;

/// <summary>The table of verbs. Each is one file under Verbs.</summary>
internal static class QuoinCommandLine
{
    public static async Task<int> RunAsync(string[] args, CommandContext context)
    {
        var root = new RootCommand(
            """
            Quoin, a gateway for language models.

            Example: quoin serve --port 8080
            """)
        {
            ServeVerb.Create(context),
            ServeVerb.CreateServerStart(context),
            CheckVerb.Create(context),
            ConfigVerb.Create(context),
            CertVerb.Create(context),
            SimVerb.Create(context),
            BenchmarkVerb.Create(context),
            WasmVerb.Create(context),
            VersionVerb.Create(context),
        };
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var invocation = new InvocationConfiguration
        {
            Output = context.Output,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            // Verbs that run long take the signals themselves.
            ProcessTerminationTimeout = null,
        };
        if (parsed.Action is ParseErrorAction usage)
        {
            // The whole help would push the message off the screen.
            usage.ShowHelp = false;
            await parsed.InvokeAsync(invocation);
            return ExitCode.BadInput;
        }

        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (ServerStartException fault)
        {
            await context.Error.WriteLineAsync("quoin: " + fault.Message);
            return ExitCode.BadInput;
        }
        catch (Exception fault)
        {
            await context.Error.WriteLineAsync("quoin: " + fault.Message);
            return ExitCode.Failed;
        }
    }
}
