using System.Diagnostics;

namespace Quoin.Fuzz;

/// <summary>A failing input, cut down to what is needed.</summary>
internal sealed record FuzzFinding(string Target, int Seed, int Iteration, byte[] Input, Exception Exception)
{
    /// <summary>Same kind: the same exception from the same place.</summary>
    public string Kind => KindOf(Exception);

    public static string KindOf(Exception e)
    {
        var frame = new StackTrace(e).GetFrames()
            .Select(item => item.GetMethod())
            .FirstOrDefault(method => method?.DeclaringType?.Namespace is { } name
                && name.StartsWith("Quoin.", StringComparison.Ordinal)
                && !name.StartsWith("Quoin.Fuzz", StringComparison.Ordinal));
        return e is FuzzFailure
            ? e.Message
            : $"{e.GetType().Name} in {frame?.DeclaringType?.Name}.{frame?.Name}";
    }
}

/// <summary>
/// Runs a target: first its corpus as it is, then bent inputs until the count or the time is up. One input may take
/// so much memory and so much time and no more; one that never ends is the caller's to notice, by
/// <see cref="Current"/>.
/// </summary>
internal sealed class FuzzRun(FuzzTarget target, int seed, TimeProvider time)
{
    /// <summary>What 64 KB of input may allocate: every reader works in a small multiple of its input.</summary>
    private const long MaxAllocatedBytes = 256L * 1024 * 1024;

    /// <summary>Far beyond the slowest good input (milliseconds), so that a busy machine is not a finding.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    private const int MinimiseRuns = 3000;

    private static readonly FuzzFailure TooLong = new("takes too long");

    private byte[] _current = [];

    /// <summary>The input under way.</summary>
    public byte[] Current => Volatile.Read(ref _current);

    public int Iterations { get; private set; }

    /// <param name="keepGoing">Asked before each input with the number of inputs so far.</param>
    /// <returns>The first finding, or null.</returns>
    public FuzzFinding? Run(IReadOnlyList<byte[]> corpus, Func<int, bool> keepGoing)
    {
        var mutator = new Mutator(seed, target.Format, corpus);
        for (Iterations = 0; keepGoing(Iterations); Iterations++)
        {
            var input = Iterations < corpus.Count ? corpus[Iterations] : mutator.Next();
            if (Try(input) is { } failure)
            {
                var kind = FuzzFinding.KindOf(failure);
                var small = Minimise(input, kind);
                return new FuzzFinding(target.Name, seed, Iterations, small, Try(small) ?? failure);
            }
        }

        return null;
    }

    /// <summary>Too slow is what is so twice: the process may have been stopped meanwhile.</summary>
    private Exception? Try(byte[] input)
    {
        var failure = TryOnce(input);
        return ReferenceEquals(failure, TooLong) ? TryOnce(input) : failure;
    }

    private Exception? TryOnce(byte[] input)
    {
        Volatile.Write(ref _current, input);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var started = time.GetTimestamp();
        try
        {
            target.Run(input);
        }
        catch (Exception e)
        {
            return e;
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (allocated > MaxAllocatedBytes)
        {
            return new FuzzFailure("allocates without bound");
        }

        return time.GetElapsedTime(started) > MaxTime ? TooLong : null;
    }

    private byte[] Minimise(byte[] input, string kind)
    {
        var runs = 0;
        var smaller = true;
        while (smaller && runs < MinimiseRuns)
        {
            smaller = false;
            foreach (var candidate in Shrinking.Of(input, target.Format))
            {
                if (candidate.Length < input.Length && runs++ < MinimiseRuns
                    && Try(candidate) is { } failure && FuzzFinding.KindOf(failure) == kind)
                {
                    input = candidate;
                    smaller = true;
                    break;
                }
            }
        }

        return input;
    }
}
