using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

/// <summary>The simulation with the dialects it is used with: what it writes, their client side reads.</summary>
public sealed class SimDialectTests
{
    private const string Schema =
        """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""";

    public static TheoryData<string, string, bool> Requests
    {
        get
        {
            var requests = new TheoryData<string, string, bool>();
            foreach (var text in new[] { "Hello", "echo: one two", "call all" })
            {
                requests.Add("/v1/chat/completions", $$$"""
                    {"model":"m","messages":[{"role":"user","content":"{{{text}}}"}],"tools":[{"type":"function",
                    "function":{"name":"a","parameters":{{{Schema}}}}},
                    {"type":"function","function":{"name":"b"}}]STREAM}
                    """, text == "call all");
                requests.Add("/v1/responses", $$$"""
                    {"model":"m","input":"{{{text}}}","tools":[{"type":"function","name":"a","parameters":{{{Schema}}}},
                    {"type":"function","name":"b","parameters":{{{Schema}}}}]STREAM}
                    """, text == "call all");
                requests.Add("/v1/messages", $$$"""
                    {"model":"m","max_tokens":500,"messages":[{"role":"user","content":"{{{text}}}"}],"tools":[
                    {"name":"a","input_schema":{{{Schema}}}},{"name":"b","input_schema":{"type":"object"}}]STREAM}
                    """, text == "call all");
                requests.Add("/v1beta/models/m:generateContent", $$$"""
                    {"contents":[{"role":"user","parts":[{"text":"{{{text}}}"}]}],"tools":[{"functionDeclarations":[
                    {"name":"a","parameters":{{{Schema}}}},{"name":"b"}]}]}
                    """, text == "call all");
            }

            return requests;
        }
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_stream_and_a_whole_answer_are_read_as_the_same(string path, string body, bool calls)
    {
        var dialect = path switch
        {
            "/v1/responses" => DialectTable.OpenAIResponses,
            "/v1/messages" => DialectTable.Anthropic,
            "/v1/chat/completions" => DialectTable.OpenAIChat,
            _ => DialectTable.Gemini,
        };
        var caller = new SimCaller(dialects: SimDialects.Default);
        var events = new List<ChatEvent>();
        dialect.ReadResponse(
            caller.Send(body.Replace("STREAM", "", StringComparison.Ordinal), path).Body, events);
        var whole = ChatResponse.Assemble(events)!;

        var streamPath = path.Replace(":generateContent", ":streamGenerateContent?alt=sse", StringComparison.Ordinal);
        var stream = SimCaller.Text(caller.Send(
            body.Replace("STREAM", ",\"stream\":true", StringComparison.Ordinal), streamPath));
        var streamed = Read(dialect, stream);

        Assert.Equal(calls ? FinishReason.ToolCalls : FinishReason.Stop, whole.Finish);
        Assert.Equal(calls ? 2 : 1, whole.Parts.Count);
        Assert.Equal(whole.Parts, streamed.Parts);
        Assert.Equal(whole.Finish, streamed.Finish);
    }

    [Theory]
    [InlineData("rate_limit", 429)]
    [InlineData("context_length", 400)]
    [InlineData("{type: error, status: 503}", 503)]
    public void Errors_are_written_as_each_dialect_reads_them(string fault, int status)
    {
        var caller = new SimCaller($"rules: [{{fault: {fault}}}]", dialects: SimDialects.Default);
        foreach (var request in Requests)
        {
            var (path, body, _) = request.Data;
            var reply = caller.Send(body.Replace("STREAM", "", StringComparison.Ordinal), path);
            Assert.Equal(status, reply.Status);
            Assert.False(string.IsNullOrEmpty(
                DialectTable.OpenAIChat.ReadError(status, reply.Body.Span).Message));
        }
    }

    private static ChatResponse Read(Dialect dialect, string stream)
    {
        var reader = dialect.CreateStreamReader();
        var events = new List<ChatEvent>();
        foreach (var e in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = e.Split('\n');
            var name = lines.FirstOrDefault(line => line.StartsWith("event: ", StringComparison.Ordinal)) ?? "event: ";
            var data = lines.Single(line => line.StartsWith("data: ", StringComparison.Ordinal));
            reader.Read(
                Encoding.UTF8.GetBytes(name["event: ".Length..]), Encoding.UTF8.GetBytes(data["data: ".Length..]),
                events);
        }

        Assert.True(reader.Complete(events) || reader.Ended);
        return ChatResponse.Assemble(events)!;
    }
}
