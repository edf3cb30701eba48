using System.Runtime.CompilerServices;

namespace Quoin.MessagePack;

/// <summary>
/// What a message from strangers may cost. Lengths beyond what the input holds cost nothing in any case: a reader hands
/// out a count or a length only when the bytes for it are there. Each property throws
/// <see cref="ArgumentOutOfRangeException"/> when set outside its range.
/// </summary>
public sealed record MessagePackLimits
{
    /// <summary>The most that <see cref="MaxDepth"/> may be: a walk keeps 4 bytes a level on the stack.</summary>
    public const int GreatestDepth = 512;

    /// <summary>The limits used where none are given.</summary>
    public static MessagePackLimits Default { get; } = new();

    /// <summary>Arrays and maps inside each other, empty ones too. Default 64, as of JSON readers. 1 to 512.</summary>
    public int MaxDepth { get; init => field = Checked(value, 1, GreatestDepth); } = 64;

    /// <summary>Bytes of one string in UTF-8. Default 4 MiB: a long conversation. From 0.</summary>
    public int MaxStringBytes { get; init => field = Checked(value); } = 4 << 20;

    /// <summary>Bytes of one binary value. Default 16 MiB: an image in full. From 0.</summary>
    public int MaxBinaryBytes { get; init => field = Checked(value); } = 16 << 20;

    /// <summary>
    /// Entries of one array. Default 1,048,576: an entry of one byte becomes an object of eight or more. From 0.
    /// </summary>
    public int MaxArrayEntries { get; init => field = Checked(value); } = 1 << 20;

    /// <summary>Pairs of one map. Default 131,072: a dictionary costs about 50 bytes a pair. From 0.</summary>
    public int MaxMapEntries { get; init => field = Checked(value); } = 1 << 17;

    /// <summary>Bytes of one extension, without its type. Default 1 MiB. From 0.</summary>
    public int MaxExtensionBytes { get; init => field = Checked(value); } = 1 << 20;

    /// <summary>Bytes of a whole message. Default 16 MiB: what a connection may hold back at most. From 1.</summary>
    public int MaxMessageBytes { get; init => field = Checked(value, 1); } = 16 << 20;

    private static int Checked(
        int value, int least = 0, int most = int.MaxValue, [CallerMemberName] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
        return value;
    }
}
