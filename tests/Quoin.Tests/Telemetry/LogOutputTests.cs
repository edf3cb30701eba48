using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Settle;

namespace Quoin.Tests.Telemetry;

public sealed class LogOutputTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ManualClock _clock = new();
    private readonly BlockableStream _stream = new();
    private readonly LogOutput _output;
    private readonly ILogger _logger;

    public LogOutputTests()
    {
        _output = new LogOutput(_stream, _clock, new LoggingOptions(), new SecretMask(["sk-secret-0123456789"]));
        _logger = Logger("Quoin.Server.Test");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _stream.Failure = null;
        _stream.Unblock();
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task A_message_becomes_one_line_of_json()
    {
        _logger.LogWarning(new EventId(7, "Broken"), "Provider {Provider} gave {Status}", "main", 500);

        var line = await SingleLineAsync();
        Assert.Equal("2026-01-02T03:04:05.678Z", line.GetProperty("time").GetString());
        Assert.Equal("warn", line.GetProperty("level").GetString());
        Assert.Equal("Quoin.Server.Test", line.GetProperty("category").GetString());
        Assert.Equal("Broken", line.GetProperty("event").GetString());
        Assert.Equal("Provider main gave 500", line.GetProperty("message").GetString());
        Assert.Equal("main", line.GetProperty("fields").GetProperty("Provider").GetString());
        Assert.Equal("500", line.GetProperty("fields").GetProperty("Status").GetString());
    }

    [Fact]
    public async Task An_exception_stays_in_its_line()
    {
        try
        {
            throw new InvalidOperationException("first\r\nsecond");
        }
        catch (InvalidOperationException exception)
        {
            _logger.LogError(exception, "it broke");
        }

        var line = await SingleLineAsync();
        Assert.Contains("first\r\nsecond", line.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_text_form_is_readable_and_stays_in_its_line()
    {
        _output.Configure(new LoggingOptions { Format = "text" }, SecretMask.Empty);
        _logger.LogInformation("line\n2026-01-01T00:00:00.000Z error forged \u001b[31m\u202e \"x\" ü");

        await _output.DisposeAsync();
        Assert.Equal(
            "2026-01-02T03:04:05.678Z info Quoin.Server.Test "
            + "\"line\\n2026-01-01T00:00:00.000Z error forged \\u001b[31m\\u202e \\\"x\\\" ü\"\n",
            _stream.Text);
    }

    [Fact]
    public async Task A_half_surrogate_does_not_break_the_line()
    {
        _logger.LogInformation("a\ud800b\u0000\u007f\u0085");

        var line = await SingleLineAsync();
        Assert.Equal("a\ufffdb\u0000\u007f\u0085", line.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Secrets_are_masked_wherever_they_appear()
    {
        _logger.LogError(new InvalidOperationException("key sk-secret-0123456789 refused"), "sk-secret-0123456789");

        await _output.DisposeAsync();
        Assert.DoesNotContain("sk-secret", _stream.Text, StringComparison.Ordinal);
        Assert.Contains("key *** refused", _stream.Text, StringComparison.Ordinal);
        JsonDocument.Parse(_stream.Text).Dispose();
    }

    [Fact]
    public async Task The_level_changes_while_running()
    {
        _logger.LogDebug("not yet");
        Assert.False(_logger.IsEnabled(LogLevel.Debug));
        _output.Configure(new LoggingOptions { Level = "debug" }, SecretMask.Empty);
        _logger.LogDebug("now");
        _output.Configure(new LoggingOptions { Level = "error" }, SecretMask.Empty);
        _logger.LogWarning("no more");

        Assert.Equal("now", (await SingleLineAsync()).GetProperty("message").GetString());
    }

    [Fact]
    public void The_framework_is_told_one_level_more_sparingly()
    {
        var framework = Logger("Microsoft.AspNetCore.Hosting.Diagnostics");
        Assert.False(framework.IsEnabled(LogLevel.Information));
        Assert.True(framework.IsEnabled(LogLevel.Warning));

        _output.Configure(new LoggingOptions { Level = "error" }, SecretMask.Empty);
        Assert.False(framework.IsEnabled(LogLevel.Warning));
        Assert.True(framework.IsEnabled(LogLevel.Error));

        _output.Configure(new LoggingOptions { Level = "trace" }, SecretMask.Empty);
        Assert.True(framework.IsEnabled(LogLevel.Trace));
    }

    [Fact]
    public void A_line_is_written_a_tenth_of_a_second_later_at_the_latest()
    {
        _output.Start();
        _logger.LogInformation("alone");
        Assert.Equal("", _stream.Text);

        _clock.Advance(TelemetryLimits.LogDelay);

        Assert.True(_stream.Wrote.WaitOne(Patience));
        Assert.Contains("alone", _stream.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_lines_do_not_wait_for_the_clock()
    {
        _output.Start();
        for (var i = 0; i < 1000; i++)
        {
            _logger.LogInformation("one of many lines, long enough to fill the buffer soon");
        }

        Assert.True(_stream.Wrote.WaitOne(Patience));
    }

    [Fact]
    public async Task A_blocked_output_stops_nobody_and_what_is_lost_is_counted_and_told()
    {
        _output.Start();
        _stream.Block();
        var line = Encoding.UTF8.GetBytes(new string('x', 99_999) + "\n");
        _output.Append(line);
        Assert.True(_stream.Waiting.Wait(Patience));
        var fits = TelemetryLimits.LogBufferBytes / line.Length;
        for (var i = 0; i < fits + 17; i++)
        {
            _output.Append(line);
        }

        Assert.Equal(17, _output.Dropped);

        _stream.Unblock();
        await _output.DisposeAsync();
        var lines = _stream.Text.Split('\n');
        Assert.Equal(1 + fits, lines.Count(l => l.StartsWith('x')));
        Assert.Contains(lines, l => l.Contains("\"count\":17", StringComparison.Ordinal));
    }

    [Fact]
    public void A_blocked_output_does_not_hold_up_the_end()
    {
        _output.Start();
        _stream.Block();
        _logger.LogInformation("stuck");
        _clock.Advance(TelemetryLimits.LogDelay);
        Assert.True(_stream.Waiting.Wait(Patience));

        var ending = _output.DisposeAsync();
        Assert.False(ending.IsCompleted);
        _clock.Advance(TelemetryLimits.LogStop);

        Assert.True(SpinWait.SpinUntil(() => ending.IsCompleted, Patience));
    }

    [Fact]
    public async Task Lines_to_a_closed_pipe_are_counted_and_the_next_ones_tried_again()
    {
        _output.Start();
        _stream.Failure = new IOException("Broken pipe");
        _logger.LogInformation("lost");
        _clock.Advance(TelemetryLimits.LogDelay);
        Assert.True(_stream.Wrote.WaitOne(Patience));
        Assert.True(SpinWait.SpinUntil(() => _output.Dropped == 1, Patience));

        _stream.Failure = null;
        _logger.LogInformation("kept");
        await _output.DisposeAsync();

        Assert.DoesNotContain("lost", _stream.Text, StringComparison.Ordinal);
        Assert.Contains("\"message\":\"log lines were dropped\",\"count\":1", _stream.Text, StringComparison.Ordinal);
        Assert.Contains("kept", _stream.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_many_threads_stay_whole_and_none_is_lost()
    {
        _output.Start();
        var threads = Enumerable.Range(0, 6).Select(t => new Thread(() =>
        {
            for (var i = 0; i < 2000; i++)
            {
                _logger.LogInformation("{Thread} {Number}", t, i);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        await _output.DisposeAsync();

        var lines = _stream.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12_000 - _output.Dropped, lines.Length);
        Assert.Equal(0, _output.Dropped);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task A_value_whose_text_logs_itself_does_not_mix_the_lines()
    {
        _logger.LogInformation("outer {Value}", new LogsItself(_logger));

        await _output.DisposeAsync();
        var lines = _stream.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        Assert.Contains("outer inside", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Dropped_lines_are_a_metric()
    {
        using var fixture = new MetricsFixture();
        _output.AddTo(fixture.Registry);
        _output.Append(new byte[TelemetryLimits.LogLineBytes + 1]);

        Assert.Equal(1, fixture.Value("quoin_log_dropped_total"));
    }

    private ILogger Logger(string category)
    {
        using var provider = new LogOutputProvider(_output, _clock);
        return provider.CreateLogger(category);
    }

    private async Task<JsonElement> SingleLineAsync()
    {
        await _output.DisposeAsync();
        Assert.Equal(1, _stream.Text.Count(c => c == '\n'));
        Assert.EndsWith("\n", _stream.Text, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(_stream.Text);
        return document.RootElement.Clone();
    }

    private sealed class LogsItself(ILogger logger)
    {
        public override string ToString()
        {
            logger.LogInformation("inner");
            return "inside";
        }
    }
}
