using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

/// <summary>
/// Every recording against a plain walk over its JSON. What is odd in them: skipped blocks of tools that the provider
/// ran, pings anywhere, three answers one after another (tool-search: the first one counts), a repeated
/// message_start, and one of another answer in the middle of the first (spliced: refused).
/// </summary>
public sealed class AnthropicRecordingTests
{
    private const string Spliced = "spliced-message-start.chunks.txt";

    [Fact]
    public void Recorded_streams_are_read_as_they_say()
    {
        var read = 0;
        foreach (var (name, text) in Recordings(".chunks.txt").Where(recording => recording.Name != Spliced))
        {
            var lines = Lines(text);
            var (events, complete, ended) = AnthropicText.ReadStream(lines);

            Assert.True(complete, name);
            Assert.True(ended, name);
            Assert.Equal(
                name + "\n" + WalkMessage(AnthropicRecordings.Rebuild(FirstAnswer(lines))),
                name + "\n" + Describe(ChatResponse.Assemble(events)));
            Assert.Equal(
                Enumerable.Range(0, events.Count(e => e is BlockStarted)),
                events.OfType<BlockStarted>().Select(e => e.Index));
            read++;
        }

        Assert.True(read > 0);
    }

    [Fact]
    public void Recorded_streams_pass_the_watch()
    {
        foreach (var (name, text) in Recordings(".chunks.txt"))
        {
            var watch = AnthropicText.Dialect.CreateStreamWatch();
            var lines = Lines(text);
            var last = WatchVerdict.Preamble;
            foreach (var line in FirstAnswer(lines).Select(node => node.ToJsonString()))
            {
                last = watch.Observe(default, Encoding.UTF8.GetBytes(line));
                Assert.True(last is WatchVerdict.Preamble or WatchVerdict.Content or WatchVerdict.End, name + line);
            }

            Assert.Equal(WatchVerdict.End, last);
            var end = FirstAnswer(lines).Last(node => (string?)node["type"] == "message_delta");
            Assert.Equal((int?)end["usage"]!["output_tokens"], watch.Usage?.OutputTokens);
            Assert.Equal((string?)FirstAnswer(lines)[0]["message"]!["model"], watch.Model);
            Assert.NotNull(watch.Finish);
        }
    }

    [Fact]
    public void Recorded_messages_are_read_as_they_say()
    {
        foreach (var (name, text) in Recordings(".json"))
        {
            var response = ChatResponse.Assemble(AnthropicText.ReadResponse(text));
            var facts = AnthropicText.Dialect.ReadResponseFacts(Encoding.UTF8.GetBytes(text));

            Assert.Equal(name + "\n" + WalkMessage(JsonNode.Parse(text)!), name + "\n" + Describe(response));
            Assert.Equal(response!.Model, facts.Model);
            Assert.Equal(response.Finish, facts.Finish);
            Assert.Equal(response.Usage, facts.Usage);
        }
    }

    [Fact]
    public void Recorded_streams_written_again_say_the_same()
    {
        foreach (var (name, text) in Recordings(".chunks.txt").Where(recording => recording.Name != Spliced))
        {
            var first = AnthropicText.ReadStream(Lines(text)).Events;
            var second = AnthropicText.ReadStream(AnthropicText.WriteStream(first)).Events;

            Assert.Equal(
                name + "\n" + ConversationText.Of(ChatResponse.Assemble(first)),
                name + "\n" + ConversationText.Of(ChatResponse.Assemble(second)));
        }
    }

    [Fact]
    public void A_second_answer_spliced_into_the_first_is_an_error()
    {
        var (_, text) = Recordings(".chunks.txt").FirstOrDefault(recording => recording.Name == Spliced);
        if (text is null)
        {
            Assert.Skip("no recording of a spliced stream");
        }

        var (events, complete, ended) = AnthropicText.ReadStream(Lines(text));

        Assert.False(complete);
        Assert.True(ended);
        Assert.IsType<ResponseFailed>(events[^1]);
        Assert.DoesNotContain(events, e => e is BlockStarted { ToolCallId: "toolu_second" });
    }

    private static IEnumerable<(string Name, string Text)> Recordings(string suffix)
    {
        if (AnthropicRecordings.All.Count == 0)
        {
            Assert.Skip("QUOIN_TEST_DATA holds no recorded streams of Anthropic");
        }

        // Errors, cut and malformed streams are judged through the gateway.
        return AnthropicRecordings.All.Where(
            recording => recording.Name.EndsWith(suffix, StringComparison.Ordinal)
            && (suffix == ".json" ? IsMessage(recording.Text) : recording.Name == Spliced || IsWhole(recording.Text)));
    }

    private static bool IsMessage(string text) => TypeOf(text) == "message";

    /// <summary>One answer with its start and its end, and no error or other answer before that.</summary>
    private static bool IsWhole(string text)
    {
        var types = Lines(text).Select(TypeOf).ToList();
        var end = types.IndexOf("message_stop");
        if (end < 0 || types[0] != "message_start" || types.Contains(null) || types.Contains("error"))
        {
            return false;
        }

        var starts = Lines(text).Take(end).Where(line => TypeOf(line) == "message_start");
        return starts.Select(line => (string?)JsonNode.Parse(line)!["message"]!["id"]).Distinct().Count() == 1;
    }

    private static string? TypeOf(string line)
    {
        try
        {
            return (string?)JsonNode.Parse(line)?["type"];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static List<JsonNode> FirstAnswer(string[] lines)
    {
        var nodes = lines.Select(line => JsonNode.Parse(line)!).ToList();
        return nodes[..(nodes.FindIndex(node => (string?)node["type"] == "message_stop") + 1)];
    }

    private static string WalkMessage(JsonNode message)
    {
        var text = new StringBuilder();
        foreach (var block in message["content"]!.AsArray())
        {
            switch ((string?)block!["type"])
            {
                case "text":
                    text.Append("text ").Append((string?)block["text"]).Append('\n');
                    break;
                case "thinking":
                    text.Append($"thinking {block["thinking"]}{block["signature"]}\n");
                    break;
                case "tool_use":
                    text.Append($"call {block["id"]} {block["name"]} {block["input"]!.ToJsonString()}\n");
                    break;
            }
        }

        var usage = message["usage"]!;
        var details = usage["output_tokens_details"];
        var input = ((int?)usage["input_tokens"] ?? 0) + ((int?)usage["cache_read_input_tokens"] ?? 0)
            + ((int?)usage["cache_creation_input_tokens"] ?? 0);
        text.Append($"usage {input} {(int?)usage["cache_read_input_tokens"]} ");
        text.Append($"{(int?)usage["cache_creation_input_tokens"]} {(int?)usage["output_tokens"]} ");
        text.Append($"{(int?)details?["thinking_tokens"]}\n");
        text.Append(message["id"]).Append(' ').Append(message["model"]).Append(' ').Append(message["stop_reason"]);
        return text.Append((string?)message["stop_details"]?["explanation"]).ToString();
    }

    private static string Describe(ChatResponse? response)
    {
        Assert.NotNull(response);
        var text = new StringBuilder();
        foreach (var part in response.Parts)
        {
            text.Append(part switch
            {
                TextPart words => "text " + words.Text,
                ReasoningPart thought => "thinking " + thought.Text + thought.Signature,
                ToolCallPart call => $"call {call.Id} {call.Name} {JsonNode.Parse(call.Arguments)!.ToJsonString()}",
                _ => "?",
            }).Append('\n');
        }

        var usage = response.Usage!;
        text.Append($"usage {usage.InputTokens} {usage.CachedInputTokens} {usage.CacheWriteTokens} ");
        text.Append($"{usage.OutputTokens} {usage.ReasoningTokens}\n");
        text.Append(response.Id).Append(' ').Append(response.Model).Append(' ').Append(response.Finish switch
        {
            FinishReason.Stop => "end_turn",
            FinishReason.ToolCalls => "tool_use",
            FinishReason.Refusal => "refusal",
            FinishReason.Length => "max_tokens",
            FinishReason.Pause => "pause_turn",
            _ => "stop_sequence",
        });
        return text.Append(response.FinishDetail).ToString();
    }
}
