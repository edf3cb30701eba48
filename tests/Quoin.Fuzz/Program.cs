using System.Globalization;
using System.Text;
using Quoin.Fuzz;

return FuzzCommand.Run(args, Console.Out);

/// <summary>
/// <c>Quoin.Fuzz TARGET [--seconds N] [--seed N] [--corpus DIR]</c>; exit code 0: nothing found, 1: a finding, 2: bad
/// usage, 3: an input that never ended.
/// </summary>
internal static class FuzzCommand
{
    private const string Usage = "usage: Quoin.Fuzz TARGET|all [--seconds N] [--seed N] [--corpus DIR]\ntargets: ";

    private static readonly TimeSpan HangAfter = TimeSpan.FromSeconds(20);

    public static int Run(string[] args, TextWriter screen)
    {
        var (seconds, seed, corpus) = (60, 1, (string?)null);
        for (var i = 1; i + 1 < args.Length; i += 2)
        {
            var valid = args[i] switch
            {
                "--seconds" => int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out seconds),
                "--seed" => int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out seed),
                "--corpus" => Directory.Exists(corpus = args[i + 1]),
                _ => false,
            };
            if (!valid)
            {
                return WriteUsage(screen);
            }
        }

        var targets = FuzzTargets.All.Where(target => args is [var name, ..] && (name == "all" || name == target.Name));
        var found = false;
        var any = false;
        foreach (var target in targets)
        {
            any = true;
            found |= RunTarget(target, seconds, seed, corpus, screen);
        }

        return args.Length % 2 == 0 || !any ? WriteUsage(screen) : found ? 1 : 0;
    }

    private static int WriteUsage(TextWriter screen)
    {
        screen.WriteLine(Usage + string.Join(' ', FuzzTargets.All.Select(target => target.Name)));
        return 2;
    }

    private static bool RunTarget(FuzzTarget target, int seconds, int seed, string? folder, TextWriter screen)
    {
        var corpus = target.Corpus().ToList();
        if (folder is not null)
        {
            corpus.AddRange(Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes));
        }

        var time = TimeProvider.System;
        var run = new FuzzRun(target, seed, time);
        var started = time.GetTimestamp();
        byte[]? seen = null;
        var repeats = 0;
        using var watchdog = time.CreateTimer(
            _ =>
            {
                var now = run.Current;
                repeats = ReferenceEquals(now, Interlocked.Exchange(ref seen, now)) ? repeats + 1 : 0;

                // Once may be the timer of a process that was stopped for a while.
                if (repeats > 1)
                {
                    screen.WriteLine($"{target.Name}: an input never ends; see {Save(target.Name, seed, now)}");
                    Environment.Exit(3);
                }
            },
            null, HangAfter, HangAfter);
        var finding = run.Run(corpus, _ => time.GetElapsedTime(started).TotalSeconds < seconds);
        screen.WriteLine($"{target.Name}: seed {seed}, {corpus.Count} to begin with, {run.Iterations} inputs, "
            + (finding is null ? "nothing found" : "1 finding"));
        if (finding is null)
        {
            return false;
        }

        screen.WriteLine($"  {finding.Kind}, input {finding.Iteration}, in {Save(target.Name, seed, finding.Input)}:");
        screen.WriteLine($"  {Encoding.UTF8.GetString(finding.Input)}");
        screen.WriteLine(finding.Exception);
        return true;
    }

    private static string Save(string target, int seed, byte[] input)
    {
        var folder = Directory.CreateDirectory(Path.Combine("artifacts", "fuzz"));
        var file = Path.Combine(folder.FullName, $"{target}-{seed}.input");
        File.WriteAllBytes(file, input);
        return file;
    }
}
