using System.CommandLine;
using Quoin.Http.Benchmarking;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin benchmark route URL</c>: loads a server and says how it answers.</summary>
internal static class BenchmarkVerb
{
    public static Command Create(CommandContext context) =>
        new("benchmark", "Measure servers.\n\nExample: quoin benchmark route http://127.0.0.1:8080/health")
        {
            CreateRoute(context),
        };

    private static Command CreateRoute(CommandContext context)
    {
        var command = new Command(
            "route",
            """
            Send requests to a URL and report their times. Without --rate each connection sends its next request when
            the last one is answered; with it, requests have times at which they are meant to start, and are timed
            from then. Ends with 1 when anything failed.

            Example: quoin benchmark route http://127.0.0.1:8080/health --rate 1000 --concurrency 50 --duration 10s
            """);
        var url = new Argument<string>("URL") { Description = "http, https, ws or wss" };
        var flags = new RouteFlags(command);
        var json = JsonOption.Create();
        command.Arguments.Add(url);
        command.Options.Add(json);
        command.SetAction(async (parsed, _) =>
        {
            var faults = new List<BenchmarkFault>();
            var options = flags.Read(parsed, context, faults);
            if (!Uri.TryCreate(parsed.GetRequiredValue(url), UriKind.Absolute, out var address))
            {
                faults.Add(new("Url", parsed.GetRequiredValue(url), "such as http://127.0.0.1:8080/health"));
            }
            else if (address.Scheme is "ws" or "wss")
            {
                options = options with { WebSocket = true };
            }

            if (faults.Count == 0)
            {
                faults.AddRange(Benchmark.Faults(address!, options));
            }

            return faults.Count > 0
                ? WriteFaults(faults, context)
                : await RunAsync(address!, options, parsed.GetValue(json), context);
        });
        return command;
    }

    private static async Task<int> RunAsync(Uri url, BenchmarkOptions options, bool json, CommandContext context)
    {
        using var stop = new StopSignals();
        var report = await Benchmark.Route(url, options, stop.Token);
        if (json)
        {
            JsonOption.Write(context, report.WriteJson);
        }
        else
        {
            await context.Output.WriteLineAsync(report.ToString());
        }

        return stop.Token.IsCancellationRequested ? stop.ExitCode
            : report.HasErrors ? ExitCode.Failed : ExitCode.Done;
    }

    private static int WriteFaults(List<BenchmarkFault> faults, CommandContext context)
    {
        foreach (var fault in faults)
        {
            context.Error.WriteLine(
                $"{RouteFlags.NameOf(fault.Name)}: found \"{fault.Found}\"; accepted: {fault.Accepted}");
        }

        return ExitCode.BadInput;
    }
}
