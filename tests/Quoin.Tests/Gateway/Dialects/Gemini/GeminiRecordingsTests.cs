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
        var expected = new Walk(payloads);

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
        var expected = new Walk(payloads);

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

    /// <summary>
    /// Content by a walk over all parts; partial arguments by setting each value at its path in a tree.
    /// </summary>
    private sealed class Walk
    {
        private JsonObject? _open;

        public Walk(string[] payloads)
        {
            foreach (var payload in payloads)
            {
                var root = JsonNode.Parse(payload)!;
                Model ??= (string?)root["modelVersion"];
                foreach (var part in root["candidates"]?[0]?["content"]?["parts"]?.AsArray() ?? [])
                {
                    Add(part!);
                }

                if (root["usageMetadata"]?["promptTokenCount"] is { } prompt)
                {
                    var usage = root["usageMetadata"]!;
                    var thoughts = (int?)usage["thoughtsTokenCount"];
                    Usage = $"{(int)prompt} {(int)usage["candidatesTokenCount"]! + (thoughts ?? 0)} {thoughts}";
                }
            }

            Calls = [.. Names.Zip(Arguments, (name, arguments) => name + arguments.ToJsonString())];
        }

        public string Text { get; private set; } = "";

        public string Thoughts { get; private set; } = "";

        public List<string> Signatures { get; } = [];

        public List<string> Calls { get; }

        public string Usage { get; private set; } = "";

        public string? Model { get; }

        private List<string> Names { get; } = [];

        private List<JsonObject> Arguments { get; } = [];

        private void Add(JsonNode part)
        {
            if (part["text"] is { } text)
            {
                Text += (bool?)part["thought"] == true ? "" : (string)text!;
                Thoughts += (bool?)part["thought"] == true ? (string)text! : "";
            }

            if (part["thoughtSignature"] is { } signature)
            {
                Signatures.Add((string)signature!);
            }

            if (part["functionCall"] is { } call)
            {
                if (call["name"] is { } name)
                {
                    Names.Add((string)name!);
                    Arguments.Add(_open = (JsonObject?)call["args"]?.DeepClone() ?? []);
                }

                foreach (var piece in call["partialArgs"]?.AsArray() ?? [])
                {
                    Set(_open!, piece!);
                }
            }
        }

        private static void Set(JsonObject root, JsonNode piece)
        {
            var steps = ((string)piece["jsonPath"]!)[2..].Replace("[", ".[").Split('.');
            JsonNode node = root;
            for (var i = 0; i < steps.Length; i++)
            {
                var last = i == steps.Length - 1;
                JsonNode Make() => last ? "" : steps[i + 1][0] == '[' ? new JsonArray() : new JsonObject();
                if (node is JsonArray array)
                {
                    var index = int.Parse(steps[i].Trim('[', ']'));
                    if (index == array.Count)
                    {
                        array.Add(Make());
                    }

                    steps[i] = index.ToString();
                }
                else if (node[steps[i]] is null)
                {
                    node[steps[i]] = Make();
                }

                if (!last)
                {
                    node = node is JsonArray list ? list[int.Parse(steps[i])]! : node[steps[i]]!;
                    continue;
                }

                var old = node is JsonArray values ? values[int.Parse(steps[i])] : node[steps[i]];
                var value = piece["stringValue"] is { } text
                    ? JsonValue.Create((string)old! + (string)text!)
                    : piece["numberValue"]!.DeepClone();
                if (node is JsonArray target)
                {
                    target[int.Parse(steps[i])] = value;
                }
                else
                {
                    node[steps[i]] = value;
                }
            }
        }
    }
}
