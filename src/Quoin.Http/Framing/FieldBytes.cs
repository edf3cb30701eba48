using System.Buffers;

namespace Quoin.Http.Framing;

/// <summary>The bytes that parts of a header may have (RFC 9110 §5.6.2, §5.5).</summary>
internal static class FieldBytes
{
    public static readonly SearchValues<byte> Token = SearchValues.Create(
        "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"u8);

    /// <summary>All control characters but the tab.</summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(i => i != '\t').Append(127).Select(i => (byte)i)]);
}
