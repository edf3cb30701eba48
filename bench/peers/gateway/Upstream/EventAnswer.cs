using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Quoin.Peers.Gateway;

/// <summary>
/// A streamed answer. The text of each event is <c>ts=</c> and the time it was handed to the socket, 19 digits of
/// <see cref="Stopwatch"/> ticks: CLOCK_MONOTONIC, so that another process on this machine can take the difference.
/// Each event is flushed by itself.
/// </summary>
internal sealed class EventAnswer(HttpContext context, bool anthropic)
{
    private readonly PipeWriter _writer = context.Response.BodyWriter;

    public async Task WriteAsync(Pace pace, CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream";
        // Asks nginx not to gather the events; other proxies pass it on.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        WriteStart();
        using var timer = pace.IntervalMilliseconds == 0
            ? null
            : new PeriodicTimer(TimeSpan.FromMilliseconds(pace.IntervalMilliseconds), TimeProvider.System);
        for (var sent = 0; sent < pace.Events; sent++)
        {
            if (sent > 0 && timer is not null)
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }

            WriteTimedEvent();
            await _writer.FlushAsync(cancellationToken);
        }

        WriteEnd();
        await _writer.FlushAsync(cancellationToken);
    }

    private static ReadOnlySpan<byte> OpenAiHead =>
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"u8
        + "\"model\":\"gpt-bench\",\"choices\":[{\"index\":0,\"delta\":"u8;

    private static ReadOnlySpan<byte> OpenAiStart =>
        "{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"u8;

    private static ReadOnlySpan<byte> OpenAiEnd =>
        "{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"u8;

    private static ReadOnlySpan<byte> AnthropicStart =>
        "event: message_start\n"u8
        + "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","u8
        + "\"role\":\"assistant\",\"model\":\"claude-bench\",\"content\":[],"u8
        + "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":16,\"output_tokens\":1}}}\n\n"u8
        + "event: content_block_start\n"u8
        + "data: {\"type\":\"content_block_start\",\"index\":0,"u8
        + "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"u8;

    private static ReadOnlySpan<byte> AnthropicDelta =>
        "event: content_block_delta\n"u8
        + "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"ts="u8;

    private static ReadOnlySpan<byte> AnthropicEnd =>
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"u8
        + "event: message_delta\n"u8
        + "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"u8
        + "\"usage\":{\"output_tokens\":80}}\n\n"u8
        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8;

    private void WriteStart()
    {
        if (anthropic)
        {
            _writer.Write(AnthropicStart);
            return;
        }

        _writer.Write(OpenAiHead);
        _writer.Write(OpenAiStart);
    }

    private void WriteTimedEvent()
    {
        if (anthropic)
        {
            _writer.Write(AnthropicDelta);
            WriteTimestamp();
            _writer.Write("\"}}\n\n"u8);
            return;
        }

        _writer.Write(OpenAiHead);
        _writer.Write("{\"content\":\"ts="u8);
        WriteTimestamp();
        _writer.Write("\"},\"finish_reason\":null}]}\n\n"u8);
    }

    private void WriteEnd()
    {
        if (anthropic)
        {
            _writer.Write(AnthropicEnd);
            return;
        }

        _writer.Write(OpenAiHead);
        _writer.Write(OpenAiEnd);
    }

    private void WriteTimestamp()
    {
        const int digits = 19;
        var now = Stopwatch.GetTimestamp();
        now.TryFormat(_writer.GetSpan(digits), out _, "D19", CultureInfo.InvariantCulture);
        _writer.Advance(digits);
    }
}
