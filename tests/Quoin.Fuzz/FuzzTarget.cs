namespace Quoin.Fuzz;

/// <summary>A parser under test with its corpus and what must hold of every input.</summary>
internal abstract class FuzzTarget(string name, InputFormat format)
{
    public string Name { get; } = name;

    public InputFormat Format { get; } = format;

    /// <summary>Inputs to begin with: mostly good ones, or the bent ones end at the first check.</summary>
    public abstract IEnumerable<byte[]> Corpus();

    /// <summary>
    /// Reads one input. Returns for an input that was accepted or refused as documented; throws
    /// <see cref="FuzzFailure"/> for a broken promise. Any other exception is a failure too.
    /// </summary>
    public abstract void Run(byte[] input);
}

/// <summary>Something that must hold does not.</summary>
#pragma warning disable CA1032, CA1064 // Made in one way only, and seen by nobody outside.
internal sealed class FuzzFailure(string message) : Exception(message)
{
    public static void Unless(bool holds, string message)
    {
        if (!holds)
        {
            throw new FuzzFailure(message);
        }
    }
}
