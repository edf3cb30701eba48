namespace Quoin.MessagePack;

/// <summary>
/// The one exception of reading and writing, with its reason, its place and what was expected there. A reader that
/// throws it has not moved.
/// </summary>
#pragma warning disable CA1032 // An error without reason and place is of no use.
public sealed class MessagePackException : Exception
{
    /// <summary>An error at a place.</summary>
    /// <param name="error">The reason.</param>
    /// <param name="offset">From 0; see <see cref="Offset"/>.</param>
    /// <param name="expected">What was expected; see <see cref="Expected"/>.</param>
    /// <param name="found">What was found instead, or empty.</param>
    public MessagePackException(MessagePackError error, long offset, string expected, string found = "")
        : base(Describe(error, offset, expected, found))
    {
        Error = error;
        Offset = offset;
        Expected = expected;
    }

    /// <summary>The reason.</summary>
    public MessagePackError Error { get; }

    /// <summary>
    /// The byte of the input where the value at fault begins, from 0; in text that is to be written, the character
    /// (UTF-16) or byte (UTF-8) at fault.
    /// </summary>
    public long Offset { get; }

    /// <summary>What was expected, in words: <c>an integer</c>, <c>at most 64 levels</c>.</summary>
    public string Expected { get; }

    private static string Describe(MessagePackError error, long offset, string expected, string found) =>
        $"{error} at {offset}: expected {expected}{(found.Length > 0 ? ", found " + found : "")}";
}
