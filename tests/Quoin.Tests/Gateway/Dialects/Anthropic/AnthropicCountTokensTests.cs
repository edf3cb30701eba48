using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Anthropic;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicCountTokensTests
{
    [Fact]
    public void A_request_needs_no_limit_and_takes_none()
    {
        var body = """{"model":"m","system":"s","messages":[{"role":"user","content":"x"}]}""";
        var request = AnthropicCountTokens.ReadRequest(Encoding.UTF8.GetBytes(body));

        Assert.Equal(2, request.Turns.Count);
        Assert.Equal(
            "max_tokens",
            Assert.Throws<GatewayException>(() => AnthropicCountTokens.ReadRequest(
                """{"model":"m","max_tokens":5,"messages":[]}"""u8.ToArray())).Error.Param);
    }

    [Fact]
    public void A_request_is_written_without_limits_and_sampling()
    {
        var output = new ArrayBufferWriter<byte>();
        var request = AnthropicText.Ask() with { MaxTokens = 5, Temperature = 2, Seed = 1 };
        AnthropicCountTokens.WriteRequest(request, new UpstreamTraits { Model = "claude-x", Stream = true }, output);

        Assert.Equal(
            """{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}""",
            JsonNode.Parse(output.WrittenSpan)!.ToJsonString());
    }

    [Fact]
    public void A_count_is_written_and_read()
    {
        var output = new ArrayBufferWriter<byte>();
        AnthropicCountTokens.WriteResponse(42, output);

        Assert.Equal("""{"input_tokens":42}""", Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(42, AnthropicCountTokens.ReadResponse(output.WrittenMemory));
        Assert.ThrowsAny<JsonException>(() => AnthropicCountTokens.ReadResponse("{}"u8.ToArray()));
    }
}
