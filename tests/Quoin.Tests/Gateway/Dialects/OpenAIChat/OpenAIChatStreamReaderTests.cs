using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIChat;

public sealed class OpenAIChatStreamReaderTests
{
    [Fact]
    public void Parallel_calls_with_interleaved_fragments_are_told_apart_by_index()
    {
        var response = Assemble(
            Calls("""{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"""),
            Calls("""{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}"""),
            Calls("""{"index":0,"function":{"arguments":"{\"x\":"}}"""),
            Calls("""{"index":1,"function":{"arguments":"{}"}}"""),
            Calls("""{"index":0,"function":{"arguments":"1}"}}"""),
            Finish("tool_calls"));
        Assert.Equal(
            [new ToolCallPart("a", "f", "{\"x\":1}"), new ToolCallPart("b", "g", "{}")], response!.Parts);
        Assert.Equal(FinishReason.ToolCalls, response.Finish);
    }

    [Fact]
    public void Calls_that_all_have_index_0_are_told_apart_by_id()
    {
        var response = Assemble(
            Calls("""{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"""),
            Calls("""{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}"""),
            Finish("stop"));
        Assert.Equal(["a", "b"], response!.Parts.Cast<ToolCallPart>().Select(call => call.Id));
        Assert.Equal(FinishReason.ToolCalls, response.Finish);
    }

    [Fact]
    public void Thoughts_come_before_text_under_either_name()
    {
        var response = Assemble(
            Delta("\"reasoning_content\":\"hm\""), Delta("\"reasoning\":\"m\""), Delta("\"content\":\"yes\""),
            Finish("stop"));
        Assert.Equal([new ReasoningPart("hmm"), new TextPart("yes")], response!.Parts);
    }

    [Fact]
    public void Reasoning_that_is_counted_beside_the_completion_is_added_to_it()
    {
        var response = Assemble(
            Delta("\"content\":\"x\""),
            Finish("stop"),
            """
            {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":354,
            "completion_tokens_details":{"reasoning_tokens":340}}}
            """);
        Assert.Equal(342, response!.Usage!.OutputTokens);
        Assert.Equal(354, response.Usage.TotalTokens);
    }

    [Fact]
    public void Other_choices_are_left_out() =>
        Assert.Equal(
            [new TextPart("x")],
            Assemble(
                Delta("\"content\":\"x\""),
                """{"choices":[{"index":1,"delta":{"content":"y"},"finish_reason":"stop"}]}""",
                Finish("stop"))!.Parts);

    [Fact]
    public void A_stream_without_a_finish_is_not_complete()
    {
        var reader = DialectTable.OpenAIChat.CreateStreamReader();
        var events = new List<ChatEvent>();
        reader.Read(default, Encoding.UTF8.GetBytes(Delta("\"content\":\"x\"")), events);
        Assert.False(reader.Complete(events));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("hello")]
    public void What_is_no_chunk_is_a_json_exception(string payload) =>
        Assert.ThrowsAny<JsonException>(() => DialectTable.OpenAIChat.CreateStreamReader().Read(
            default, Encoding.UTF8.GetBytes(payload), []));

    [Fact]
    public void An_error_payload_fails_the_answer()
    {
        var events = new List<ChatEvent>();
        DialectTable.OpenAIChat.CreateStreamReader().Read(
            default, """{"error":{"message":"no","type":"server_error"}}"""u8.ToArray(), events);
        Assert.Equal("no", Assert.IsType<ResponseFailed>(Assert.Single(events)).Error.Message);
    }

    private static ChatResponse? Assemble(params string[] payloads)
    {
        var reader = DialectTable.OpenAIChat.CreateStreamReader();
        var events = new List<ChatEvent>();
        foreach (var payload in payloads.Append("[DONE]"))
        {
            reader.Read(default, Encoding.UTF8.GetBytes(payload), events);
        }

        return ChatResponse.Assemble(events);
    }

    private static string Delta(string delta) =>
        $"{{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":null}}]}}";

    private static string Calls(string call) => Delta($"\"tool_calls\":[{call}]");

    private static string Finish(string reason) =>
        $"{{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}";
}
