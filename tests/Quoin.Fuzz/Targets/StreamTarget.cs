using System.Buffers;
using System.Text.Unicode;
using Quoin.Fuzz.Conversations;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A provider's stream through the event buffer into the relays: nothing is thrown, wherever the chunks are cut the
/// events are the same, the watch and the reader agree on what is malformed and where the end is, and every client
/// gets whole events of valid JSON.
/// </summary>
internal sealed class StreamTarget(Dialect dialect, params string[] recordings)
    : FuzzTarget("stream-" + dialect.Name, InputFormat.Events)
{
    private const string RequestId = "01REQUEST";

    public override IEnumerable<byte[]> Corpus() =>
        DialectSamples.Streams(dialect).Concat(Recordings.Streams(recordings));

    public override void Run(byte[] input)
    {
        var whole = Cut(input, input.Length);
        var pieces = Cut(input, 1 + (input.Length % 7));
        var text = Utf8.IsValid(input) && !Sound.MayHoldLoneSurrogate(input);
        FuzzFailure.Unless(
            whole.Select(Describe).SequenceEqual(pieces.Select(Describe), StringComparer.Ordinal),
            "the events depend on how the stream is cut");
        var watched = Relay(
            whole, new UntouchedRelay(dialect, EventStreamFraming.Instance, RequestId), out _);
        foreach (var client in DialectSamples.ClientDialects)
        {
            var translated = Relay(whole, Translating(client, EventStreamFraming.Instance), out var output);
            CheckOutput(client, output.WrittenSpan.ToArray());
            if (text)
            {
                // What is no text shows only to who reads that very string.
                Compare(watched, translated);
            }
        }

        // One framing lays out a stream otherwise: as one JSON array.
        Relay(whole, Translating(DialectTable.Gemini, new GeminiArrayFraming()), out var array);
        if (array.WrittenCount > 0)
        {
            Sound.Json(array.WrittenSpan, "the stream as an array");
        }
    }

    private TranslatingRelay Translating(Dialect client, IStreamFraming framing) => new(
        dialect, client, DialectSamples.ContextFor(DialectSamples.SimpleRequest(stream: true)), framing);

    private static List<ServerSentEvent> Cut(byte[] input, int piece)
    {
        using var buffer = new EventBuffer();
        var events = new List<ServerSentEvent>();
        for (var at = 0; at < input.Length; at += piece)
        {
            var bytes = input.AsMemory(at, Math.Min(piece, input.Length - at));
            while (!bytes.IsEmpty)
            {
                var room = buffer.GetMemory();
                var length = Math.Min(room.Length, bytes.Length);
                bytes[..length].CopyTo(room);
                buffer.Advance(length);
                bytes = bytes[length..];
                while (buffer.TryRead(out var e))
                {
                    events.Add(Keep(e));
                }
            }
        }

        if (buffer.TryReadLast(out var last))
        {
            events.Add(Keep(last));
        }

        return events;
    }

    // The buffer's memory is good until its next read only.
    private static ServerSentEvent Keep(ServerSentEvent e) =>
        new(e.Raw.ToArray(), e.Name.ToArray(), e.Data.ToArray(), e.HasData);

    private static string Describe(ServerSentEvent e) =>
        $"{Convert.ToHexString(e.Raw.Span)} {Convert.ToHexString(e.Name.Span)} {Convert.ToHexString(e.Data.Span)}";

    /// <summary>Passes the events as the stream relay does and gives each verdict, the end by closing too.</summary>
    private static List<WatchVerdict> Relay(
        IEnumerable<ServerSentEvent> events, EventRelay relay, out ArrayBufferWriter<byte> output)
    {
        output = new ArrayBufferWriter<byte>();
        var verdicts = new List<WatchVerdict>();
        foreach (var e in events)
        {
            var verdict = relay.Pass(e, output);
            verdicts.Add(verdict);
            if (verdict == WatchVerdict.End)
            {
                return verdicts;
            }

            if (verdict is WatchVerdict.Error or WatchVerdict.Malformed)
            {
                FuzzFailure.Unless(
                    verdict == WatchVerdict.Malformed || relay.Error is not null, "an error is told without its words");
                relay.Fail(relay.Error ?? new(Server.Gateway.GatewayErrorKind.BadGateway, "malformed"), output);
                return verdicts;
            }
        }

        if (relay.Complete(output))
        {
            verdicts.Add(WatchVerdict.End);
        }
        else
        {
            relay.Fail(relay.Error ?? new(Server.Gateway.GatewayErrorKind.BadGateway, "cut"), output);
        }

        return verdicts;
    }

    private static void Compare(List<WatchVerdict> watched, List<WatchVerdict> translated)
    {
        for (var i = 0; i < Math.Min(watched.Count, translated.Count); i++)
        {
            if (translated[i] == WatchVerdict.Malformed
                || (translated[i] == WatchVerdict.Error && watched[i] != WatchVerdict.Malformed))
            {
                // A watch looks at less: JSON of another shape, and another answer spliced in, are the client's to
                // judge.
                return;
            }

            FuzzFailure.Unless(watched[i] != WatchVerdict.Malformed, "the watch refuses what the reader reads");
            FuzzFailure.Unless(watched[i] != WatchVerdict.Error, "the watch sees an error that the reader does not");
            FuzzFailure.Unless(
                watched[i] == WatchVerdict.End == (translated[i] == WatchVerdict.End),
                "watch and reader disagree on the end");
        }
    }

    private static void CheckOutput(Dialect client, byte[] output)
    {
        foreach (var e in Cut(output, Math.Max(1, output.Length)))
        {
            if (e.HasData && !e.Data.Span.SequenceEqual("[DONE]"u8) && IsOurs(e))
            {
                Sound.Json(e.Data.Span, $"an event for {client.Name}");
            }
        }
    }

    /// <summary>Events without data pass as they are; a bent one may hold anything.</summary>
    private static bool IsOurs(ServerSentEvent e) =>
        e.Raw.Span.StartsWith("data: "u8) || e.Raw.Span.StartsWith("event: "u8);
}
