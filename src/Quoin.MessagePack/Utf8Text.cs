using System.Text;

namespace Quoin.MessagePack;

/// <summary>Where text goes wrong: only asked when it has.</summary>
internal static class Utf8Text
{
    /// <summary>The index of the first byte that begins no character; the length when all do.</summary>
    public static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (at < utf8.Length
            && Rune.DecodeFromUtf8(utf8[at..], out _, out var bytes) == System.Buffers.OperationStatus.Done)
        {
            at += bytes;
        }

        return at;
    }
}
