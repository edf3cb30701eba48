using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

public sealed class GeminiErrorsTests
{
    [Theory]
    [InlineData(GatewayErrorKind.InvalidRequest, 400, "INVALID_ARGUMENT")]
    [InlineData(GatewayErrorKind.Authentication, 401, "UNAUTHENTICATED")]
    [InlineData(GatewayErrorKind.Permission, 403, "PERMISSION_DENIED")]
    [InlineData(GatewayErrorKind.NotFound, 404, "NOT_FOUND")]
    [InlineData(GatewayErrorKind.Unprocessable, 422, "FAILED_PRECONDITION")]
    [InlineData(GatewayErrorKind.RateLimited, 429, "RESOURCE_EXHAUSTED")]
    [InlineData(GatewayErrorKind.Internal, 500, "INTERNAL")]
    [InlineData(GatewayErrorKind.Overloaded, 503, "UNAVAILABLE")]
    [InlineData(GatewayErrorKind.Deadline, 504, "DEADLINE_EXCEEDED")]
    public void An_error_has_the_code_and_status_of_its_kind(object kind, int code, string status)
    {
        var error = Write(new GatewayError((GatewayErrorKind)kind, "words")).GetProperty("error");

        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.Equal(status, error.GetProperty("status").GetString());
        Assert.Equal("words", error.GetProperty("message").GetString());
    }

    [Fact]
    public void Field_and_wait_are_details_and_are_read_again()
    {
        var body = Write(new GatewayError(GatewayErrorKind.RateLimited, "words")
        {
            Param = "contents[0]",
            RetryAfter = TimeSpan.FromSeconds(1.5),
        });
        var error = GeminiSamples.Dialect.ReadError(429, Encoding.UTF8.GetBytes(body.GetRawText()));

        Assert.Equal(
            new UpstreamError(
                "words", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", "contents[0]", TimeSpan.FromSeconds(1.5)),
            error);
    }

    [Fact]
    public void A_refused_key_is_known_and_an_array_is_looked_into()
    {
        var error = GeminiSamples.Dialect.ReadError(400, """
            [{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",
             "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}]
            """u8);

        Assert.Equal("API_KEY_INVALID", error.Code);
        Assert.Equal(GatewayErrorKind.BadGateway, UpstreamFault.FromStatus("google", 400, error, null).Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>502</html>")]
    [InlineData("[]")]
    [InlineData("{\"error\":7}")]
    [InlineData("{\"error\":{\"details\":[1,{\"retryDelay\":\"soon\"},{\"fieldViolations\":[3]}]}}")]
    public void Any_other_body_is_read_as_nothing_known(string body) =>
        Assert.Equal(default, GeminiSamples.Dialect.ReadError(502, Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void In_a_stream_an_error_is_one_event()
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiSamples.Dialect.WriteStreamError(new GatewayError(GatewayErrorKind.BadGateway, "cut"), "r", output);
        var payload = Assert.Single(GeminiSamples.Payloads(Encoding.UTF8.GetString(output.WrittenSpan)));

        Assert.StartsWith("""{"error":{"code":502,"message":"cut","status":"UNAVAILABLE",""", payload);
    }

    private static JsonElement Write(GatewayError error)
    {
        var output = new ArrayBufferWriter<byte>();
        GeminiSamples.Dialect.WriteError(error, "req", output);
        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }
}
