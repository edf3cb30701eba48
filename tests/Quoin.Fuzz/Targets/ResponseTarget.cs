using System.Buffers;
using System.Text.Unicode;
using Quoin.Fuzz.Conversations;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A provider's whole answer: read, or refused by what <see cref="UnreadableAnswer"/> names. What was read is
/// written as valid JSON for every client, and the facts that are noted of a relayed answer say the same of it.
/// </summary>
internal sealed class ResponseTarget(Dialect dialect, params string[] recordings)
    : FuzzTarget("response-" + dialect.Name, InputFormat.Json)
{
    public override IEnumerable<byte[]> Corpus() =>
        DialectSamples.Answers(dialect).Concat(Recordings.Answers(recordings));

    public override void Run(byte[] input)
    {
        ResponseFacts? facts = null;
        try
        {
            facts = dialect.ReadResponseFacts(input);
        }
        catch (Exception e) when (UnreadableAnswer.Is(e))
        {
        }

        var events = new List<ChatEvent>();
        ChatResponse? response;
        try
        {
            dialect.ReadResponse(input, events);
            response = ChatResponse.Assemble(events);
        }
        catch (Exception e) when (UnreadableAnswer.Is(e))
        {
            return;
        }

        if (response is null)
        {
            return;
        }

        FuzzFailure.Unless(facts is not null || !Utf8.IsValid(input) || Sound.MayHoldLoneSurrogate(input),
            "the answer is read whole, yet its facts are not");
        foreach (var client in DialectSamples.ClientDialects)
        {
            var output = new ArrayBufferWriter<byte>();
            try
            {
                client.WriteResponse(response, DialectSamples.ContextFor(Request), output);
            }
            catch (Exception e) when (UnreadableAnswer.Is(e))
            {
                continue;
            }

            Sound.Json(output.WrittenSpan, $"the answer for {client.Name}");
        }
    }

    private static readonly ChatRequest Request = DialectSamples.SimpleRequest(stream: false);
}
