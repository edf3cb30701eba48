using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIChat;

public sealed class OpenAIChatRequestReaderTests
{
    [Theory]
    [InlineData("\"user\":\"u\"")]
    [InlineData("\"metadata\":{\"a\":\"b\"}")]
    [InlineData("\"store\":true")]
    [InlineData("\"service_tier\":\"flex\"")]
    [InlineData("\"prompt_cache_key\":\"k\"")]
    [InlineData("\"n\":1")]
    [InlineData("\"n\":null")]
    [InlineData("\"logit_bias\":{}")]
    [InlineData("\"logprobs\":false")]
    [InlineData("\"modalities\":[\"text\"]")]
    [InlineData("\"verbosity\":\"medium\"")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"stop\":null")]
    [InlineData("\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false}")]
    public void Hints_and_defaults_are_accepted(string field) => Assert.NotNull(Read(field));

    [Theory]
    [InlineData("\"n\":2", "n")]
    [InlineData("\"logit_bias\":{\"5\":-1}", "logit_bias")]
    [InlineData("\"modalities\":[\"audio\"]", "modalities")]
    [InlineData("\"audio\":{}", "audio")]
    [InlineData("\"verbosity\":\"low\"", "verbosity")]
    [InlineData("\"web_search_options\":{}", "web_search_options")]
    [InlineData("\"functions\":[]", "functions")]
    [InlineData("\"something_new\":1", "something_new")]
    [InlineData("\"temperature\":3", "temperature")]
    [InlineData("\"temperature\":\"hot\"", "temperature")]
    [InlineData("\"max_tokens\":0", "max_tokens")]
    [InlineData("\"top_logprobs\":3", "top_logprobs")]
    [InlineData("\"stop\":[1]", "stop[0]")]
    [InlineData("\"reasoning_effort\":\"huge\"", "reasoning_effort")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "response_format.type")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name")]
    [InlineData("\"tool_choice\":\"some\"", "tool_choice")]
    [InlineData("\"tool_choice\":{\"type\":\"custom\"}", "tool_choice.type")]
    [InlineData("\"seed\":1,\"seed\":2", "seed")]
    public void What_cannot_be_translated_is_refused_by_name(string field, string param)
    {
        var error = Assert.Throws<GatewayException>(() => Read(field)).Error;
        Assert.Equal(GatewayErrorKind.InvalidRequest, error.Kind);
        Assert.Equal(param, error.Param);
        Assert.Contains(param, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"role":"user","content":7}""", "messages[0].content")]
    [InlineData("""{"role":"robot","content":"x"}""", "messages[0].role")]
    [InlineData("""{"content":"x"}""", "messages[0].role")]
    [InlineData("""{"role":"user","name":"bob","content":"x"}""", "messages[0].name")]
    [InlineData("""{"role":"tool","content":"x"}""", "messages[0].tool_call_id")]
    [InlineData("""{"role":"user","content":[{"type":"video"}]}""", "messages[0].content[0].type")]
    [InlineData("""{"role":"user","content":[{"type":"text"}]}""", "messages[0].content[0].text")]
    [InlineData("""{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}""",
        "messages[0].content[0].file.file_id")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"1","type":"custom"}]}""", "messages[0].tool_calls[0].type")]
    [InlineData("""{"role":"user","content":"x","flavour":1}""", "messages[0].flavour")]
    [InlineData("7", "messages[0]")]
    public void A_bad_message_is_refused_by_its_place(string message, string param)
    {
        var body = $"{{\"model\":\"m\",\"messages\":[{message}]}}";
        Assert.Equal(param, Assert.Throws<GatewayException>(() => ReadBody(body)).Error.Param);
    }

    [Fact]
    public void Tool_messages_in_a_row_are_one_turn_of_results()
    {
        var request = ReadBody("""
            {"model":"m","messages":[
              {"role":"user","content":"go"},
              {"role":"assistant","content":null,"tool_calls":[
                {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
                {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
              {"role":"tool","tool_call_id":"a","content":"one"},
              {"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"two"}]},
              {"role":"user","content":"and?"}]}
            """);
        Assert.Equal([Role.User, Role.Assistant, Role.User, Role.User], request.Turns.Select(turn => turn.Role));
        Assert.Equal(["a", "b"], request.Turns[2].Parts.Cast<ToolResultPart>().Select(result => result.CallId));
    }

    [Fact]
    public void An_image_is_data_or_an_address()
    {
        var request = ReadBody("""
            {"model":"m","messages":[{"role":"user","content":[
              {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
              {"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}
            """);
        var data = Assert.IsType<MediaPart>(request.Turns[0].Parts[0]);
        Assert.Equal(("image/png", "AAAA", null, "low"), (data.MediaType, data.Data, data.Url, data.Detail));
        Assert.Equal("https://x/y.png", Assert.IsType<MediaPart>(request.Turns[0].Parts[1]).Url);
    }

    [Fact]
    public void Mutated_requests_are_read_or_refused_and_nothing_else()
    {
        var random = new Random(3);
        for (var round = 0; round < 5000; round++)
        {
            var request = new ConversationGenerator(round % 50, (Sayings)long.MaxValue & ~Sayings.ToolImages).Request();
            var body = new System.Buffers.ArrayBufferWriter<byte>();
            try
            {
                DialectTable.OpenAIChat.WriteRequest(
                    request, new UpstreamTraits { Model = "m", CompatibleServer = true }, body);
            }
            catch (UntranslatableException)
            {
                continue;
            }

            var bytes = body.WrittenSpan.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(32, 127);
            }

            try
            {
                var envelope = EnvelopeReader.Read(bytes);
                DialectTable.OpenAIChat.ReadRequest(bytes, envelope).Backing?.Dispose();
            }
            catch (Exception e) when (e is GatewayException or InvalidOperationException)
            {
                // Refused; InvalidOperationException is a lone surrogate, which the pipeline turns into a refusal.
            }
        }
    }

    private static ChatRequest Read(string field) =>
        ReadBody($"{{\"model\":\"m\",{field},\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}");

    private static ChatRequest ReadBody(string body) =>
        DialectTable.OpenAIChat.ReadRequest(Encoding.UTF8.GetBytes(body), new Envelope("m", false));
}
