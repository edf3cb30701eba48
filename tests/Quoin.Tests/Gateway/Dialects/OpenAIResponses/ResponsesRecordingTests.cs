using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Every recorded answer, against a plain walk over its finished items. Two are odd: one stream lacks the last brace
/// of its first and last payload, which is repaired for the walk and must be found malformed as it is; one holds two
/// answers after each other, of which the first counts.
/// </summary>
public sealed class ResponsesRecordingTests
{
    private const string Broken = "parallel-tool-call-wrapper.1.chunks.txt";

    private static readonly Dictionary<string, string> Recordings = ResponsesSamples.Recordings();

    /// <summary>Streams that are whole: cut and malformed ones are judged through the gateway.</summary>
    public static TheoryData<string> Streams => Names(
        name => name.EndsWith(".chunks.txt", StringComparison.Ordinal) && IsWhole(Lines(name)));

    public static TheoryData<string> Bodies => Names(name => name.EndsWith(".json", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_is_read_as_its_finished_items_say(string name)
    {
        Skip(name);
        var lines = Lines(name);
        var events = ResponsesSamples.ReadStream(lines, out var ended);
        Assert.True(ended);
        var terminal = Terminal(lines);
        if (terminal.GetProperty("type").GetString() is "response.failed" or "error")
        {
            var failure = Assert.Single(events.OfType<ResponseFailed>()).Error;
            var error = ErrorOf(terminal);
            Assert.Equal(ResponsesSamples.TextOf(error, "code"), failure.Code);
            Assert.Equal(ResponsesSamples.TextOf(error, "message"), failure.Message);
            return;
        }

        int[] begun = [.. events.OfType<BlockStarted>().Select(e => e.Index)];
        Assert.Equal(Enumerable.Range(0, begun.Length), begun);
        Assert.Equal(begun.Length, events.OfType<BlockStopped>().Count());
        // The ids of one stream change from event to event: the first one counts.
        var response = ChatResponse.Assemble(events)!;
        var first = ResponsesSamples.Parse(lines[0]).GetProperty("response").GetProperty("id").GetString();
        Assert.Equal(first, response.Id);
        Check(FinishedItems(lines), terminal.GetProperty("response"), response);
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_body_is_read_as_it_says(string name)
    {
        Skip(name);
        var root = ResponsesSamples.Parse(Recordings[name]);
        if (!root.TryGetProperty("output", out var output))
        {
            var error = ResponsesSamples.Dialect.ReadError(400, Encoding.UTF8.GetBytes(Recordings[name]));
            Assert.Equal(root.GetProperty("error").GetProperty("message").GetString(), error.Message);
            Assert.Equal(root.GetProperty("error").GetProperty("type").GetString(), error.Type);
            return;
        }

        var response = ResponsesSamples.ReadResponse(Recordings[name]);
        Assert.Equal(root.GetProperty("id").GetString(), response!.Id);
        Check([.. output.EnumerateArray()], root, response);
        var facts = ResponsesSamples.Dialect.ReadResponseFacts(Encoding.UTF8.GetBytes(Recordings[name]));
        Assert.Equal((response.Model, response.Finish, response.Usage), (facts.Model, facts.Finish, facts.Usage));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void The_watch_sees_the_same_ending(string name)
    {
        Skip(name);
        var watch = ResponsesSamples.Dialect.CreateStreamWatch();
        var verdict = WatchVerdict.Preamble;
        var contents = 0;
        var lines = Lines(name);
        foreach (var line in lines)
        {
            verdict = watch.Observe(default, Encoding.UTF8.GetBytes(line));
            contents += verdict == WatchVerdict.Content ? 1 : 0;
            Assert.NotEqual(WatchVerdict.Malformed, verdict);
            if (verdict is WatchVerdict.End or WatchVerdict.Error)
            {
                break;
            }
        }

        var response = ResponsesSamples.Assembled(lines);
        if (response is null)
        {
            Assert.Equal(WatchVerdict.Error, verdict);
            Assert.Equal(ResponsesSamples.TextOf(ErrorOf(Terminal(lines)), "code"), watch.Error.Code);
            return;
        }

        Assert.Equal(WatchVerdict.End, verdict);
        Assert.True(contents > 0);
        Assert.Equal((response.Model, response.Finish, response.Usage), (watch.Model, watch.Finish, watch.Usage));
        Assert.False(watch.Complete(new ArrayBufferWriter<byte>()));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void A_stream_without_its_last_event_is_cut(string name)
    {
        Skip(name);
        var lines = Lines(name).TakeWhile(line => !IsTerminal(ResponsesSamples.Parse(line)));
        var events = ResponsesSamples.ReadStream(lines, out var ended);
        Assert.False(ended);
        Assert.Null(ChatResponse.Assemble(events));
    }

    [Fact]
    public void The_stream_with_broken_payloads_is_malformed()
    {
        Skip(Broken);
        var first = Encoding.UTF8.GetBytes(Recordings[Broken].Split('\n')[0]);
        var reader = ResponsesSamples.Dialect.CreateStreamReader();
        Assert.ThrowsAny<JsonException>(() => reader.Read(default, first, []));
        Assert.Equal(
            WatchVerdict.Malformed, ResponsesSamples.Dialect.CreateStreamWatch().Observe(default, first));
    }

    private static void Check(List<JsonElement> items, JsonElement root, ChatResponse? response)
    {
        Assert.NotNull(response);
        Assert.Equal(root.GetProperty("model").GetString(), response.Model);
        Assert.Equal(root.GetProperty("created_at").GetInt64(), response.CreatedUnixSeconds);
        Assert.Equal(items.SelectMany(Expected), response.Parts.Select(Shown));
        var usage = root.GetProperty("usage");
        Assert.Equal(usage.GetProperty("input_tokens").GetInt32(), response.Usage!.InputTokens);
        Assert.Equal(usage.GetProperty("output_tokens").GetInt32(), response.Usage.OutputTokens);
        Assert.Equal(
            usage.GetProperty("input_tokens_details").GetProperty("cached_tokens").GetInt32(),
            response.Usage.CachedInputTokens);
        Assert.Equal(
            usage.GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt32(),
            response.Usage.ReasoningTokens);
        var called = items.Exists(item => TypeOf(item) is "function_call" or "custom_tool_call");
        Assert.Equal(called ? FinishReason.ToolCalls : FinishReason.Stop, response.Finish);
    }

    private static IEnumerable<string> Expected(JsonElement item)
    {
        switch (TypeOf(item))
        {
            case "message":
                foreach (var part in item.GetProperty("content").EnumerateArray())
                {
                    if (part.GetProperty("text").GetString() is { Length: > 0 } text)
                    {
                        yield return "text " + text;
                    }
                }

                break;
            case "function_call":
                yield return $"call {item.GetProperty("call_id")} {item.GetProperty("name")} "
                    + item.GetProperty("arguments").GetString();
                break;
            case "custom_tool_call":
                var input = item.GetProperty("input").GetString()!.Replace(">", "\\u003E", StringComparison.Ordinal);
                yield return $"call {item.GetProperty("call_id")} {item.GetProperty("name")} "
                    + $$"""{"input":"{{input}}"}""";
                break;
            case "reasoning":
                var summary = string.Join(
                    "\n\n", item.GetProperty("summary").EnumerateArray().Select(part => part.GetProperty("text")));
                var sealedText = item.TryGetProperty("encrypted_content", out var content) ? content.GetString() : null;
                if (summary.Length > 0 || sealedText is not null)
                {
                    yield return $"thought {summary} "
                        + (sealedText is null ? null : $"openai:{item.GetProperty("id")}:{sealedText}");
                }

                break;
        }
    }

    private static string Shown(Part part) => part switch
    {
        TextPart text => "text " + text.Text,
        ToolCallPart call => $"call {call.Id} {call.Name} {call.Arguments}",
        ReasoningPart thought => $"thought {thought.Text} {thought.Signature}",
        _ => part.ToString(),
    };

    private static List<JsonElement> FinishedItems(List<string> lines) =>
        [.. lines.Select(ResponsesSamples.Parse)
            .TakeWhile(e => !IsTerminal(e))
            .Where(e => TypeOf(e) == "response.output_item.done")
            .Select(e => e.GetProperty("item"))];

    private static JsonElement Terminal(List<string> lines) => lines.Select(ResponsesSamples.Parse).First(IsTerminal);

    private static bool IsTerminal(JsonElement e) =>
        TypeOf(e) is "response.completed" or "response.incomplete" or "response.failed" or "error";

    private static string? TypeOf(JsonElement element) => element.GetProperty("type").GetString();

    private static List<string> Lines(string name) =>
        [.. Recordings[name].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => name == Broken && !line.Contains("\"output_index\"", StringComparison.Ordinal)
                ? line + "}"
                : line)];

    private static bool IsWhole(List<string> lines)
    {
        try
        {
            return lines.Select(ResponsesSamples.Parse).Any(IsTerminal)
                && TypeOf(ResponsesSamples.Parse(lines[0])) == "response.created";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonElement ErrorOf(JsonElement terminal) =>
        terminal.TryGetProperty("response", out var response) ? response.GetProperty("error")
        : terminal.TryGetProperty("error", out var error) ? error : terminal;

    private static void Skip(string name) =>
        Assert.SkipUnless(Recordings.ContainsKey(name), "the recorded answers are absent");

    private static TheoryData<string> Names(Func<string, bool> wanted)
    {
        string[] names = [.. Recordings.Keys.Where(wanted).Order(StringComparer.Ordinal)];
        return [.. names.Length == 0 ? ["absent"] : names];
    }
}
