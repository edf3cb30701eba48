using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects;

public sealed class EnvelopeReaderTests
{
    [Fact]
    public void Model_and_stream_are_found_at_the_top_only()
    {
        var body = """{"metadata":{"model":"no","stream":false}, "stream" : true ,"model" : "gpt-4o","x":[1]}""";
        var envelope = EnvelopeReader.Read(Encoding.UTF8.GetBytes(body));
        Assert.Equal("gpt-4o", envelope.Model);
        Assert.True(envelope.Stream);
        Assert.Equal("\"gpt-4o\"", body.Substring(envelope.ModelStart, envelope.ModelLength));
    }

    [Fact]
    public void An_escaped_name_is_read_as_text_and_spans_its_escapes()
    {
        var body = """{"model":"gpt\u002d4"}""";
        var envelope = EnvelopeReader.Read(Encoding.UTF8.GetBytes(body));
        Assert.Equal("gpt-4", envelope.Model);
        Assert.Equal("\"gpt\\u002d4\"", body.Substring(envelope.ModelStart, envelope.ModelLength));
    }

    [Theory]
    [InlineData("", null, "empty")]
    [InlineData("[]", null, "object")]
    [InlineData("{", null, "not valid JSON")]
    [InlineData("{\"model\":\"a\"} x", null, "not valid JSON")]
    [InlineData("{\"model\":\"a\",}", null, "line 1, byte 14")]
    [InlineData("{\"model\":\"a\",\"messages\":[", null, "line 1, byte 26")]
    [InlineData("{}", "model", "missing")]
    [InlineData("{\"model\":7}", "model", "string")]
    [InlineData("{\"model\":null}", "model", "string")]
    [InlineData("{\"model\":\"\"}", "model", "1 to 512")]
    [InlineData("{\"model\":\"\\ud800\"}", "model", "1 to 512")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}", "model", "twice")]
    [InlineData("{\"model\":\"a\",\"stream\":\"yes\"}", "stream", "true or false")]
    [InlineData("{\"model\":\"a\",\"stream\":true,\"stream\":false}", "stream", "twice")]
    public void A_bad_body_is_refused_with_its_reason(string body, string? param, string reason)
    {
        var error = Refusal(Encoding.UTF8.GetBytes(body));
        Assert.Equal(400, error.Status);
        Assert.Equal(param, error.Param);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_levels_are_refused_by_name()
    {
        var body = "{\"model\":\"a\",\"x\":" + new string('[', 100) + new string(']', 100) + "}";
        Assert.Contains("deeper than 64", Refusal(Encoding.UTF8.GetBytes(body)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused()
    {
        var body = "{\"model\":\"a\",\"x\":\"\xff\"}"u8.ToArray();
        body[^3] = 0xff;
        Assert.Contains("UTF-8", Refusal(body).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_beyond_the_limit_is_refused() =>
        Assert.Equal("model", Refusal(Encoding.UTF8.GetBytes($"{{\"model\":\"{new string('m', 513)}\"}}")).Param);

    [Fact]
    public void Mutated_bodies_are_read_or_refused_and_nothing_else()
    {
        var random = new Random(11);
        var seed = """{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"h\u00e9 \"q\" é"}]}"""u8;
        for (var round = 0; round < 20000; round++)
        {
            var body = seed.ToArray();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            try
            {
                EnvelopeReader.Read(body.AsSpan(0, random.Next(body.Length + 1)));
            }
            catch (GatewayException e)
            {
                Assert.Equal(400, e.Error.Status);
            }
        }
    }

    private static GatewayError Refusal(byte[] body) =>
        Assert.Throws<GatewayException>(() => EnvelopeReader.Read(body)).Error;
}
