using System.Buffers;
using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicErrorsTests
{
    [Theory]
    [InlineData(GatewayErrorKind.InvalidRequest, "invalid_request_error")]
    [InlineData(GatewayErrorKind.Unprocessable, "invalid_request_error")]
    [InlineData(GatewayErrorKind.Authentication, "authentication_error")]
    [InlineData(GatewayErrorKind.Permission, "permission_error")]
    [InlineData(GatewayErrorKind.NotFound, "not_found_error")]
    [InlineData(GatewayErrorKind.TooLarge, "request_too_large")]
    [InlineData(GatewayErrorKind.RateLimited, "rate_limit_error")]
    [InlineData(GatewayErrorKind.BadGateway, "api_error")]
    [InlineData(GatewayErrorKind.Overloaded, "overloaded_error")]
    [InlineData(GatewayErrorKind.Deadline, "timeout_error")]
    [InlineData(GatewayErrorKind.RequestTimeout, "timeout_error")]
    public void Each_kind_has_its_type(object kind, string type)
    {
        var output = new ArrayBufferWriter<byte>();
        AnthropicText.Dialect.WriteError(new GatewayError((GatewayErrorKind)kind, "m"), "r", output);

        Assert.Equal(
            "{\"type\":\"error\",\"error\":{\"type\":\"" + type + "\",\"message\":\"m\"},\"request_id\":\"r\"}",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_streams_error_is_an_event_of_that_name()
    {
        var output = new ArrayBufferWriter<byte>();
        AnthropicText.Dialect.WriteStreamError(new GatewayError(GatewayErrorKind.Overloaded, "m"), "r", output);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);

        Assert.StartsWith("event: error\ndata: {\"type\":\"error\"", text);
        Assert.EndsWith("}\n\n", text);
    }

    [Theory]
    [InlineData(
        """{"type":"error","error":{"type":"invalid_request_error","message":"messages.0.content: bad"}}""",
        "messages.0.content: bad", "invalid_request_error", "messages.0.content")]
    [InlineData(
        """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}""",
        "prompt is too long: 9 > 8", "invalid_request_error", null)]
    [InlineData("""{"message":"denied"}""", "denied", null, null)]
    [InlineData("<html>", null, null, null)]
    [InlineData("", null, null, null)]
    [InlineData("[]", null, null, null)]
    [InlineData("""{"error":{"message":5}}""", null, null, null)]
    public void Any_error_body_is_read(string body, string? message, string? type, string? param) => Assert.Equal(
        new UpstreamError(message, type, null, param),
        AnthropicText.Dialect.ReadError(400, Encoding.UTF8.GetBytes(body)));
}
