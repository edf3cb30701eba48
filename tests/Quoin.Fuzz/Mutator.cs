using System.Text;

namespace Quoin.Fuzz;

/// <summary>How inputs of a target are built, which is how they are bent and cut down.</summary>
internal enum InputFormat
{
    Json,

    /// <summary>Server-sent events with JSON payloads.</summary>
    Events,
    Text,
}

/// <summary>
/// Bends inputs, the same way for the same seed. JSON is bent as a tree most of the time (values exchanged, members
/// lost, doubled, renamed, moved and taken from other inputs), event streams as lists of events and each payload as
/// a tree, and everything now and then as bytes.
/// </summary>
internal sealed class Mutator(int seed, InputFormat format, IReadOnlyList<byte[]> corpus)
{
    /// <summary>Bytes of a bent input; larger ones find nothing that these do not.</summary>
    public const int MaxBytes = 64 * 1024;

    private static readonly string[] Scalars =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "2", "0.5", "1.5", "1e400", "-1e400", "1e-400", "2147483648",
        "9223372036854775808", "99999999999999999999999999", "1.0", "1e2", "\"\"", "\"x\"", "\"\\ud800\"",
        "\"\\udc00x\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\u2028\"", "\"auto\"", "\"none\"", "\"any\"",
        "\"text\"", "\"stop\"", "\"user\"", "\"assistant\"", "\"system\"", "\"tool\"", "\"model\"", "\"function\"",
        "\"object\"", "\"error\"", "\"{\"", "\"{}\"", "\"[]\"", "\"{\\\"a\\\":1}\"", "\"data:\"",
        "\"data:image/png;base64,iVBORw0KGgo=\"", "\"data:;base64,%%\"", "\"data:,x\"", "\"http://x/y.png\"",
        "\"https://\"", "\"%\"", "\"==\"", "\"image/png\"", "\"a/b/c\"", "\"\\r\\n\\r\\ndata: x\"", "{}", "[]", "[[]]",
        "[null]", "[{}]", "{\"type\":\"text\"}", "{\"type\":\"text\",\"text\":\"x\"}", "{\"type\":null}",
        "{\"\":null}", "{\"error\":{\"message\":\"m\"}}",
    ];

    private static readonly byte[][] Fragments =
    [
        .. new[]
        {
            "\r\n\r\n", "\n\n", "\r", "\n", "data: ", "data:", "event: error\n", ": comment\n\n", "[DONE]", "{", "}",
            "[", "]", "\"", "\\", ",", ":", "null", "1e9999", "\\ud800", "\0", "\uFEFF", "-", "00", "ff", "&a ", "*a",
            "- ", "? ", "|\n", "\t", "${A}", "${", "<<: ", "!!int ", "'", "#", "%",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
    ];

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var input = Pick(corpus);
        for (var count = _random.Next(1, 4); count > 0; count--)
        {
            input = format switch
            {
                InputFormat.Json when !Chance(15) => BendJson(input),
                InputFormat.Events when !Chance(15) => BendEvents(input),
                _ => BendBytes(input),
            };
        }

        return input.Length <= MaxBytes ? input : input[..MaxBytes];
    }

    private byte[] BendJson(byte[] json)
    {
        if (JsonTree.Parse(json) is not { } tree)
        {
            return BendBytes(json);
        }

        BendTree(tree);
        return tree.ToBytes();
    }

    private void BendTree(JsonTree tree)
    {
        var nodes = tree.Nodes();
        var node = Pick(nodes);
        var holders = nodes.Where(item => item.Members.Count > 0).ToList();
        var holder = holders.Count > 0 ? Pick(holders) : null;
        switch (_random.Next(10))
        {
            case 0 or 1:
                node.Become(JsonTree.Parse(Pick(Scalars)));
                break;
            case 2 when holder is not null:
                holder.Members.RemoveAt(_random.Next(holder.Members.Count));
                break;
            case 3 when holder is not null:
                var doubled = Pick(holder.Members);
                holder.Members.Insert(_random.Next(holder.Members.Count + 1), (doubled.Name, doubled.Value.Clone()));
                break;
            case 4 when holder is not null:
                var renamed = _random.Next(holder.Members.Count);
                holder.Members[renamed] = (NameFrom(nodes), holder.Members[renamed].Value);
                break;
            case 5:
                Wrap(node);
                break;
            case 6:
                node.Become(Pick(nodes).Clone());
                break;
            case 7 when holder is not null:
                holder.Members.Insert(
                    _random.Next(holder.Members.Count + 1), (NameFrom(nodes), JsonTree.Parse(Pick(Scalars))));
                break;
            case 8 when Donor() is { } donor:
                node.Become(Pick(donor.Nodes()).Clone());
                break;
            case 9 when holder is { Members.Count: > 1 }:
                var (a, b) = (_random.Next(holder.Members.Count), _random.Next(holder.Members.Count));
                (holder.Members[a], holder.Members[b]) = (holder.Members[b], holder.Members[a]);
                break;
            default:
                BendScalar(node);
                break;
        }
    }

    private void Wrap(JsonTree node)
    {
        var depth = Chance(10) ? 100 : 1;
        for (var i = 0; i < depth; i++)
        {
            var inner = node.Clone();
            node.Become(Chance(50) ? JsonTree.Array(inner) : JsonTree.Object("\"type\"", inner));
            if (depth > 1)
            {
                // A deep pile grows at its bottom, or each layer would copy all those below.
                node = node.Members[0].Value;
            }
        }
    }

    private void BendScalar(JsonTree node)
    {
        if (node.IsScalar && node.Raw.StartsWith('"'))
        {
            var at = _random.Next(1, node.Raw.Length);
            var piece = Pick(Scalars);
            node.Raw = piece.StartsWith('"')
                ? node.Raw.Insert(at, piece[1..^1])
                : node.Raw[..at] + "\"";
            return;
        }

        node.Become(JsonTree.Parse(Pick(Scalars)));
    }

    private string NameFrom(List<JsonTree> nodes)
    {
        var from = Chance(50) && Donor() is { } donor ? donor.Nodes() : nodes;
        var names = from.SelectMany(node => node.Members).Select(member => member.Name)
            .Where(name => name.Length > 0).ToList();
        return names.Count > 0 ? Pick(names) : "\"type\"";
    }

    private JsonTree? Donor()
    {
        var input = Pick(corpus);
        if (format != InputFormat.Events)
        {
            return JsonTree.Parse(input);
        }

        var events = EventText.Split(input);
        return events.Count > 0 && EventText.PayloadOf(Pick(events)) is { } payload ? JsonTree.Parse(payload) : null;
    }

    private byte[] BendEvents(byte[] stream)
    {
        var events = EventText.Split(stream);
        if (events.Count == 0)
        {
            return BendBytes(stream);
        }

        var at = _random.Next(events.Count);
        switch (_random.Next(8))
        {
            case 0:
                events.RemoveAt(at);
                break;
            case 1:
                events.Insert(_random.Next(events.Count + 1), events[at]);
                break;
            case 2:
                var other = _random.Next(events.Count);
                (events[at], events[other]) = (events[other], events[at]);
                break;
            case 3:
                var donor = EventText.Split(Pick(corpus));
                if (donor.Count > 0)
                {
                    events.Insert(at, Pick(donor));
                }

                break;
            default:
                if (EventText.PayloadOf(events[at]) is { } payload && JsonTree.Parse(payload) is { } tree)
                {
                    BendTree(tree);
                    events[at] = EventText.WithPayload(events[at], tree.ToBytes());
                }

                break;
        }

        return EventText.Join(events);
    }

    private byte[] BendBytes(byte[] input)
    {
        var bytes = input.ToList();
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 24), bytes.Count - at);
        switch (_random.Next(5))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 3 when at > 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                bytes.InsertRange(at, Pick(Fragments));
                break;
        }

        return [.. bytes];
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
