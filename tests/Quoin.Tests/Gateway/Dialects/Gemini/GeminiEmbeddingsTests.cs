using System.Buffers;
using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

public sealed class GeminiEmbeddingsTests
{
    private static readonly Envelope Envelope = new("m", false);

    private static readonly EmbeddingsRequest Request =
        new("m", ["one", "two"], 256, TaskType: "RETRIEVAL_DOCUMENT", Title: "t");

    [Fact]
    public void A_batch_written_and_read_again_is_the_same()
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiEmbeddings.WriteBatchRequest(Request, "m", output);
        var again = GeminiEmbeddings.ReadBatchRequest(output.WrittenMemory, Envelope);

        Assert.Equal(Request.Inputs, again.Inputs);
        Assert.Equal(Request with { Inputs = again.Inputs }, again);
        Assert.Contains("\"model\":\"models/m\"", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void One_text_is_asked_for_and_read_alone()
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiEmbeddings.WriteEmbedRequest(Request with { Inputs = ["one"] }, "m", output);

        Assert.Equal("one", Assert.Single(GeminiEmbeddings.ReadEmbedRequest(output.WrittenMemory, Envelope).Inputs));
    }

    [Theory]
    [InlineData("""{"requests":[]}""", "requests")]
    [InlineData("""{"requests":[{"content":{"parts":{"text":"a"}}},{"content":{"parts":{"text":"b"}},"title":"x"}]}""",
        "requests[1]")]
    [InlineData("""{"requests":[{"content":{"parts":{"inlineData":{"mimeType":"a/b","data":""}}}}]}""",
        "requests[0].content.parts")]
    [InlineData("""{"requests":[{"foo":1}]}""", "requests[0].foo")]
    [InlineData("""{"requests":[{}]}""", "requests[0].content")]
    public void A_batch_that_cannot_be_translated_is_refused_by_path(string body, string path) =>
        Assert.Equal(path, Assert.Throws<GatewayException>(() =>
            GeminiEmbeddings.ReadBatchRequest(Encoding.UTF8.GetBytes(body), Envelope)).Error.Param);

    [Fact]
    public void Vectors_written_and_read_again_are_the_same()
    {
        var response = new EmbeddingsResponse("m", [[0.1f, -2], [3e-8f, 4]], new Usage { InputTokens = 7 });
        var (batch, one) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        GeminiEmbeddings.WriteBatchResponse(response, batch);
        GeminiEmbeddings.WriteEmbedResponse(response with { Vectors = [[0.1f]] }, one);
        var again = GeminiEmbeddings.ReadResponse(batch.WrittenMemory);

        Assert.Equal(response.Vectors, again.Vectors);
        Assert.Equal(response.Usage, again.Usage);
        Assert.Equal([0.1f], Assert.Single(GeminiEmbeddings.ReadResponse(one.WrittenMemory).Vectors));
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"x"}]}]}""")]
    [InlineData("""{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"x"}]}]}}""")]
    public void Tokens_are_counted_of_contents_or_of_a_whole_request(string body)
    {
        var request = GeminiCountTokens.ReadRequest(Encoding.UTF8.GetBytes(body), Envelope);
        var output = new ArrayBufferWriter<byte>();
        GeminiCountTokens.WriteRequest(request, new UpstreamTraits { Model = "u" }, output);
        var again = GeminiCountTokens.ReadRequest(output.WrittenMemory, Envelope);

        Assert.Equal("x", Assert.IsType<TextPart>(Assert.Single(request.Turns[0].Parts)).Text);
        Assert.Equal(ConversationText.Of(request), ConversationText.Of(again));
    }

    [Fact]
    public void A_count_written_and_read_again_is_the_same_and_both_forms_at_once_are_refused()
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiCountTokens.WriteResponse(31, output);

        Assert.Equal(31, GeminiCountTokens.ReadResponse(output.WrittenMemory));
        Assert.Equal("contents", Assert.Throws<GatewayException>(() => GeminiCountTokens.ReadRequest(
            """{"generateContentRequest":{"contents":{}},"contents":{}}"""u8.ToArray(), Envelope)).Error.Param);
    }
}
