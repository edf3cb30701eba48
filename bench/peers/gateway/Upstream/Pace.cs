using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Quoin.Peers.Gateway;

/// <summary>
/// What a streamed request asks for: its prompt says <c>events=N interval=M</c>, M in milliseconds and 0 for as fast
/// as they can be written. It is in the prompt because a prompt passes every gateway and every translation.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Pace(int Events, int IntervalMilliseconds)
{
    private const int MaxEvents = 100_000;
    private const int MaxIntervalMilliseconds = 60_000;

    /// <summary>The pace of a streamed request, or null for one that is not to be streamed.</summary>
    public static Pace? Find(ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            return Find(body.FirstSpan);
        }

        var length = (int)body.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(whole);
        var pace = Find(whole.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(whole);
        return pace;
    }

    private static Pace? Find(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("\"stream\":true"u8) < 0)
        {
            return null;
        }

        var events = Number(body, "events="u8, 100);
        var interval = Number(body, "interval="u8, 0);
        return new Pace(Math.Clamp(events, 1, MaxEvents), Math.Clamp(interval, 0, MaxIntervalMilliseconds));
    }

    private static int Number(ReadOnlySpan<byte> body, ReadOnlySpan<byte> name, int missing)
    {
        var at = body.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(body[(at + name.Length)..], out int value, out _) ? value : missing;
    }
}
