using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

/// <summary>
/// Every recorded answer against a plain walk over its JSON, which shares no code with the reader.
/// </summary>
public sealed class GeminiRecordingsTests
{
    private static readonly IReadOnlyDictionary<string, string[]> Recordings = GeminiSamples.Recordings();

    public static TheoryData<string> Names() => Recordings.Count == 0 ? ["none"] : [.. Recordings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_answer_reads_as_its_JSON_says(string name)
    {
        var payloads = Recording(name);
        var events = GeminiSamples.ReadStream(payloads, out var complete);
        var response = ChatResponse.Assemble(events);
        var expected = new GeminiWalk(payloads);

        Assert.True(complete);
        Assert.NotNull(response);
        Assert.Equal(expected.Text, string.Concat(response.Parts.OfType<TextPart>().Select(part => part.Text)));
        var thoughts = response.Parts.OfType<ReasoningPart>().Select(part => part.Text);
        Assert.Equal(expected.Thoughts, string.Concat(thoughts));
        Assert.Equal(expected.Signatures, response.Parts.Select(SignatureOf).OfType<string>());
        Assert.Equal(expected.Calls, response.Parts.OfType<ToolCallPart>().Select(
            call => call.Name + JsonNode.Parse(call.Arguments)!.ToJsonString()));
        Assert.Equal(expected.Calls.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop, response.Finish);
        Assert.Equal(expected.Usage, Numbers(response.Usage));
        Assert.Equal(expected.Model, response.Model);
        Assert.Equal(
            response.Parts.OfType<ToolCallPart>().Count(),
            response.Parts.OfType<ToolCallPart>().Select(call => call.Id).Distinct().Count());
        AssertOrdered(events);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_answer_passes_the_watch(string name)
    {
        var payloads = Recording(name);
        var watch = GeminiSamples.Dialect.CreateStreamWatch();
        var verdicts = payloads.Select(payload => watch.Observe(default, Encoding.UTF8.GetBytes(payload))).ToList();
        var expected = new GeminiWalk(payloads);

        Assert.All(verdicts, verdict => Assert.True(verdict is WatchVerdict.Content or WatchVerdict.Preamble));
        Assert.Equal(WatchVerdict.Content, verdicts[0]);
        Assert.True(watch.Complete(new ArrayBufferWriter<byte>()));
        Assert.Equal(expected.Calls.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop, watch.Finish);
        Assert.Equal(expected.Usage, Numbers(watch.Usage));
        Assert.Equal(expected.Model, watch.Model);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_stream_without_its_last_event_is_cut(string name)
    {
        var payloads = Recording(name)[..^1];
        var watch = GeminiSamples.Dialect.CreateStreamWatch();
        foreach (var payload in payloads)
        {
            watch.Observe(default, Encoding.UTF8.GetBytes(payload));
        }

        Assert.False(watch.Complete(new ArrayBufferWriter<byte>()));
        GeminiSamples.ReadStream(payloads, out var complete);
        Assert.False(complete);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_answer_written_and_read_again_is_the_same(string name)
    {
        var response = GeminiSamples.ReadStream(Recording(name));
        var text = ConversationText.Of(response);
        var stream = GeminiSamples.Payloads(GeminiSamples.WriteStream(response!.ToEvents()));

        Assert.Equal(text, ConversationText.Of(GeminiSamples.ReadResponse(GeminiSamples.WriteResponse(response))));
        Assert.Equal(text, ConversationText.Of(GeminiSamples.ReadStream([.. stream])));
    }

    private static string[] Recording(string name)
    {
        Assert.SkipWhen(Recordings.Count == 0, "the recorded answers of Gemini are not in QUOIN_TEST_DATA");
        return Recordings[name];
    }

    private static string? SignatureOf(Part part) => part switch
    {
        ReasoningPart thought => thought.Signature,
        ToolCallPart call => call.Signature,
        _ => null,
    };

    private static string Numbers(Usage? usage) =>
        $"{usage?.InputTokens} {usage?.OutputTokens} {usage?.ReasoningTokens}";

    private static void AssertOrdered(List<ChatEvent> events)
    {
        var open = new HashSet<int>();
        var next = 0;
        foreach (var e in events)
        {
            switch (e)
            {
                case BlockStarted started:
                    Assert.Equal(next++, started.Index);
                    Assert.True(open.Add(started.Index));
                    break;
                case BlockDelta delta:
                    Assert.Contains(delta.Index, open);
                    break;
                case BlockSigned signed:
                    Assert.Contains(signed.Index, open);
                    break;
                case BlockStopped stopped:
                    Assert.True(open.Remove(stopped.Index));
                    break;
            }
        }

        Assert.Empty(open);
    }
}
