using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Settle;

public sealed class RequestLogTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task A_request_is_one_line_with_everything_about_it()
    {
        var record = Records.Streamed();
        record.Route = "fast";
        record.Translated = true;
        var line = Parse(await LogAsync(record));

        Assert.Equal("2026-01-02T03:04:05.678Z", line.GetProperty("time").GetString());
        Assert.Equal("info", line.GetProperty("level").GetString());
        Assert.Equal("req-1", line.GetProperty("request_id").GetString());
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", line.GetProperty("trace_id").GetString());
        Assert.Equal("POST", line.GetProperty("method").GetString());
        Assert.Equal("/v1/chat/completions", line.GetProperty("endpoint").GetString());
        Assert.Equal(200, line.GetProperty("status").GetInt32());
        Assert.Equal("openai-chat", line.GetProperty("dialect").GetString());
        Assert.Equal("chat", line.GetProperty("operation").GetString());
        Assert.True(line.GetProperty("stream").GetBoolean());
        Assert.Equal("fast", line.GetProperty("requested_model").GetString());
        Assert.Equal("fast", line.GetProperty("route").GetString());
        Assert.Equal("main", line.GetProperty("provider").GetString());
        Assert.Equal("gpt-4o", line.GetProperty("model").GetString());
        Assert.Equal(1, line.GetProperty("attempts").GetInt32());
        Assert.True(line.GetProperty("translated").GetBoolean());
        Assert.Equal("stop", line.GetProperty("finish").GetString());
        Assert.Equal(100, line.GetProperty("input_tokens").GetInt32());
        Assert.Equal(11, line.GetProperty("output_tokens").GetInt32());
        Assert.Equal(60, line.GetProperty("cached_tokens").GetInt32());
        Assert.Equal(3, line.GetProperty("reasoning_tokens").GetInt32());
        Assert.Equal(1050, line.GetProperty("duration_ms").GetDouble());
        Assert.Equal(1049, line.GetProperty("provider_ms").GetDouble());
        Assert.Equal(1, line.GetProperty("overhead_ms").GetDouble());
        Assert.Equal(50, line.GetProperty("first_event_ms").GetDouble());
        Assert.Equal(1000, line.GetProperty("request_bytes").GetInt32());
        Assert.Equal(2000, line.GetProperty("response_bytes").GetInt32());
        Assert.Equal(12, line.GetProperty("events").GetInt32());
        Assert.False(line.TryGetProperty("error", out _));
        Assert.False(line.TryGetProperty("prompt", out _));
        Assert.False(line.TryGetProperty("answer", out _));
    }

    [Fact]
    public async Task Milliseconds_have_three_decimals()
    {
        var record = Records.Answered();
        record.Finished = record.Started + 12_050;
        record.ProviderStarted = record.ProviderAnswered = 0;

        Assert.Contains("\"duration_ms\":1.205,", await LogAsync(record), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_left_is_logged_as_499()
    {
        var record = Records.Streamed();
        record.ClientGone = true;

        Assert.Equal(499, Parse(await LogAsync(record)).GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData(GatewayErrorKind.Internal, "error", "internal")]
    [InlineData(GatewayErrorKind.BadGateway, "warn", "bad_gateway")]
    [InlineData(GatewayErrorKind.InvalidRequest, "info", "invalid_request")]
    public async Task An_error_is_told_at_the_level_of_who_can_mend_it(object kind, string level, string name)
    {
        var line = Parse(await LogAsync(Records.Failed((GatewayErrorKind)kind, "because")));

        Assert.Equal(level, line.GetProperty("level").GetString());
        Assert.Equal(name, line.GetProperty("error").GetString());
        Assert.Equal("because", line.GetProperty("error_message").GetString());
    }

    [Fact]
    public async Task Prompts_and_answers_are_there_when_the_record_has_them_and_are_bounded()
    {
        var record = Records.Answered();
        record.Prompt = "what?";
        record.Answer = new string('a', TelemetryLimits.LogPromptChars + 5);
        var line = Parse(await LogAsync(record));

        Assert.Equal("what?", line.GetProperty("prompt").GetString());
        Assert.EndsWith("a… 5 characters more", line.GetProperty("answer").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    public async Task A_hostile_model_name_cannot_forge_a_line_or_a_field(string format)
    {
        var record = Records.Answered();
        record.RequestedModel = "x\",\"status\":500}\n{\"level\":\"error\" status=500 \r\u2028\u0000";
        var text = await LogAsync(record, new LoggingOptions { Format = format });

        Assert.Equal(1, text.Count(c => c == '\n'));
        Assert.DoesNotContain("\r", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u2028", text, StringComparison.Ordinal);
        if (format == "json")
        {
            Assert.Equal(200, Parse(text).GetProperty("status").GetInt32());
            Assert.Equal(record.RequestedModel, Parse(text).GetProperty("requested_model").GetString());
        }
        else
        {
            Assert.Contains(" requested_model=\"x\\\",\\\"status\\\":500}\\n{", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_text_form_has_the_same_fields()
    {
        var text = await LogAsync(Records.Answered(), new LoggingOptions { Format = "text" });

        Assert.StartsWith(
            "2026-01-02T03:04:05.678Z info message=request request_id=req-1 ", text, StringComparison.Ordinal);
        Assert.Contains(" method=POST endpoint=/v1/chat/completions status=200 ", text, StringComparison.Ordinal);
        Assert.Contains(" duration_ms=20.000 ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_not_logged_when_switched_off_or_below_the_level()
    {
        Assert.Equal("", await LogAsync(Records.Answered(), new LoggingOptions { Requests = false }));
        Assert.Equal("", await LogAsync(Records.Answered(), new LoggingOptions { Level = "warn" }));
    }

    [Fact]
    public async Task Logging_a_request_allocates_nothing()
    {
        var stream = new BlockableStream();
        await using var output = new LogOutput(stream, TimeProvider.System, new LoggingOptions(), SecretMask.Empty);
        var log = new RequestLog(output, TimeProvider.System);
        var record = Records.Answered();
        for (var i = 0; i < 50; i++)
        {
            log.Write(record);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
        {
            log.Write(record);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private async Task<string> LogAsync(RequestRecord record, LoggingOptions? options = null)
    {
        var stream = new BlockableStream();
        var output = new LogOutput(stream, _clock, options ?? new LoggingOptions(), SecretMask.Empty);
        new RequestLog(output, _clock).Write(record);
        await output.DisposeAsync();
        return stream.Text;
    }
}
