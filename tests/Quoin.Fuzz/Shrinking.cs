namespace Quoin.Fuzz;

/// <summary>
/// Smaller inputs made of one: events left out, members left out, subtrees and scalars made small, and last ever
/// smaller pieces of bytes left out.
/// </summary>
internal static class Shrinking
{
    public static IEnumerable<byte[]> Of(byte[] input, InputFormat format) =>
        (format switch
        {
            InputFormat.Json => OfJson(input),
            InputFormat.Events => OfEvents(input),
            _ => [],
        }).Concat(OfBytes(input));

    private static IEnumerable<byte[]> OfJson(byte[] json)
    {
        if (JsonTree.Parse(json) is not { } whole)
        {
            yield break;
        }

        var count = whole.Nodes().Count;
        for (var i = 0; i < count; i++)
        {
            var members = whole.Nodes()[i].Members.Count;
            for (var m = 0; m < members; m++)
            {
                var tree = whole.Clone();
                tree.Nodes()[i].Members.RemoveAt(m);
                yield return tree.ToBytes();
            }
        }

        for (var i = 0; i < count; i++)
        {
            var tree = whole.Clone();
            tree.Nodes()[i].Become(JsonTree.Scalar("0"));
            yield return tree.ToBytes();
        }
    }

    private static IEnumerable<byte[]> OfEvents(byte[] stream)
    {
        var events = EventText.Split(stream);
        for (var i = 0; i < events.Count; i++)
        {
            yield return EventText.Join(events.Where((_, index) => index != i));
        }

        for (var i = 0; i < events.Count; i++)
        {
            if (EventText.PayloadOf(events[i]) is not { } payload)
            {
                continue;
            }

            foreach (var smaller in OfJson(payload))
            {
                var changed = events.ToList();
                changed[i] = EventText.WithPayload(events[i], smaller);
                yield return EventText.Join(changed);
            }
        }
    }

    private static IEnumerable<byte[]> OfBytes(byte[] input)
    {
        for (var piece = input.Length / 2; piece >= 1; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length; at += piece)
            {
                yield return [.. input[..at], .. input[(at + piece)..]];
            }
        }
    }
}
