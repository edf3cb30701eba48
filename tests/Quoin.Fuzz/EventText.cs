using System.Text;

namespace Quoin.Fuzz;

/// <summary>
/// Streams of server-sent events cut apart and put together for bending: each event is the bytes up to its blank
/// line. It knows LF only, on purpose: what it does not understand is bent as bytes.
/// </summary>
internal static class EventText
{
    public static List<byte[]> Split(byte[] stream)
    {
        var events = new List<byte[]>();
        var start = 0;
        while (start < stream.Length)
        {
            var end = stream.AsSpan(start).IndexOf("\n\n"u8);
            var next = end < 0 ? stream.Length : start + end + 2;
            events.Add(stream[start..next]);
            start = next;
        }

        return events;
    }

    public static byte[] Join(IEnumerable<byte[]> events) => [.. events.SelectMany(e => e)];

    public static byte[] Of(string payload) => Encoding.UTF8.GetBytes($"data: {payload}\n\n");

    /// <summary>Null for an event without data.</summary>
    public static byte[]? PayloadOf(byte[] e) =>
        Find(e) is { Length: > 0 } place ? e[place.Start..(place.Start + place.Length)] : null;

    public static byte[] WithPayload(byte[] e, byte[] payload)
    {
        var (start, length) = Find(e);
        return [.. e[..start], .. payload, .. e[(start + length)..]];
    }

    private static (int Start, int Length) Find(byte[] e)
    {
        var at = e.AsSpan().IndexOf("data: "u8);
        if (at < 0)
        {
            return default;
        }

        var start = at + 6;
        var length = e.AsSpan(start).IndexOf((byte)'\n');
        return (start, length < 0 ? e.Length - start : length);
    }
}
