using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Relays an event stream:
/// 1. Read what is there; cut it into whole events.
/// 2. Pass each event on, untouched or translated. Up to the first content the output is held back, so that a
///    stream that begins with an error, or with nothing, can still be tried elsewhere.
/// 3. Flush once for all events of a read: an event waits for nothing but its own last byte.
/// 4. At the end marker the answer is complete. A stream that ends without it is complete only if the dialect says
///    so; a cut, stalled or malformed one ends in the client's own error event, never as success.
/// A client that leaves ends the upstream call or not, by policy; when not, the rest is read and thrown away.
/// </summary>
internal sealed class StreamRelay(Exchange exchange, AttemptPlan plan, AttemptClock clock) : IDisposable
{
    private readonly EventRelay _relay = exchange.Continuation is { Continuing: true } begun
        ? new ContinuingRelay(
            plan.Dialect, exchange.Dialect, exchange.AnswerContextFor(plan.Model), exchange.Call.Framing, begun)
        : plan.Translation is null
        ? new UntouchedRelay(exchange.Dialect, exchange.Call.Framing, exchange.Record.RequestId)
        : new TranslatingRelay(
            plan.Dialect, exchange.Dialect, exchange.AnswerContextFor(plan.Model), exchange.Call.Framing);

    private readonly ClientWriter _client = new(
        exchange.Http, exchange.Snapshot.Options.Server.WriteTimeout, exchange.Time);

    /// <summary>The provider's events, where answers are logged.</summary>
    private readonly StringBuilder? _answer = exchange.Snapshot.Options.Logging.Prompts ? new() : null;

    private PooledBuffer? _held = new(4096);
    private UpstreamResponse? _response;

    private bool Committed => _held is null;

    /// <summary>
    /// Where events go: held back before the first content, to the client, or nowhere when it has left; and to the copy
    /// that is kept.
    /// </summary>
    private IBufferWriter<byte> Output => _held ?? Tee(ClientGone ? NoOutput.Instance : _client.Output);

    public async ValueTask<AttemptResult> RunAsync(UpstreamResponse response)
    {
        _response = response;
        if (response.TryGetField("content-type"u8, out var type) && !IsEventStream(type))
        {
            return AttemptResult.Failed(BadStream(
                $"it answered with {Encoding.Latin1.GetString(type)} instead of an event stream"));
        }

        using var events = new EventBuffer();
        try
        {
            return await CopyAsync(response, events);
        }
        catch (OperationCanceledException) when (Committed && (!ClientGone || exchange.Drains))
        {
            return await EndAsync(Interrupted(Attempt.TimedOut(clock.Phase, exchange)));
        }
        catch (Exception e) when (Committed && e is IOException or HttpRequestException)
        {
            return ClientGone
                ? Left()
                : await EndAsync(Interrupted(BadStream("its connection broke before the end")));
        }
        catch (JsonException e)
        {
            return await BreakAsync(BadStream(e.Message));
        }
        finally
        {
            (exchange.Record.Usage, exchange.Record.Finish) = (_relay.Usage, _relay.Finish);
            exchange.Record.ResponseModel = _relay.Model;
            exchange.Record.Answer = _answer?.ToString();
        }
    }

    public void Dispose() => _held?.Dispose();

    private bool ClientGone => exchange.Http.RequestAborted.IsCancellationRequested;

    private async ValueTask<AttemptResult> CopyAsync(UpstreamResponse response, EventBuffer events)
    {
        while (true)
        {
            var read = await response.ReadAsync(events.GetMemory(), clock.Token);                  // 1
            if (read == 0)
            {
                return await FinishAsync(events);
            }

            events.Advance(read);
            while (events.TryRead(out var e))
            {
                if (Pass(e) is { } end)                                                          // 2
                {
                    if (end.Error is null)
                    {
                        await TrailAsync(response, events);
                    }

                    return await EndAsync(end);
                }
            }

            if (Committed)
            {
                await FlushAsync();                                                              // 3
                clock.Begin(AttemptPhase.Stall, exchange.Snapshot.Options.Llm.StallTimeout);
            }
        }
    }

    /// <summary>Null while the stream goes on.</summary>
    private AttemptResult? Pass(ServerSentEvent e)
    {
        var verdict = _relay.Pass(e, Output);
        exchange.Record.StreamEvents++;
        if (verdict is WatchVerdict.Content or WatchVerdict.Preamble)
        {
            exchange.Continuation?.Observe(plan.Dialect, e);
        }

        if (_answer is { Length: < TelemetryLimits.LogPromptChars } answer && e.HasData)
        {
            answer.Append(Encoding.UTF8.GetString(e.Data.Span)).Append('\n');
        }

        switch (verdict)
        {
            case WatchVerdict.Content:
                Commit();
                return null;
            case WatchVerdict.End:
                Commit();
                return AttemptResult.Answered;
            case WatchVerdict.Error:
                return AttemptResult.Failed(_relay.Error!);
            case WatchVerdict.Malformed:
                return AttemptResult.Failed(BadStream("an event of its stream is malformed"));
            default:
                return _held is { Length: > Limits.HeldStreamBytes }
                    ? AttemptResult.Failed(BadStream("its stream has no content"))
                    : null;
        }
    }

    /// <summary>
    /// Reads on after the end marker to the end of the body, which sets the connection free for the next call. A
    /// relayed stream that goes on (some providers send several answers in one) goes on for the client too.
    /// </summary>
    private async ValueTask TrailAsync(UpstreamResponse response, EventBuffer events)
    {
        clock.Begin(AttemptPhase.Stall, Limits.TrailTime);
        try
        {
            while (true)
            {
                while (plan.Translation is null && events.TryRead(out var e))
                {
                    Pass(e);
                }

                await FlushAsync();
                var read = await response.ReadAsync(events.GetMemory(), clock.Token);
                if (read == 0)
                {
                    return;
                }

                events.Advance(read);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException
            or JsonException)
        {
            // The answer was whole before: what came after it is not missed.
        }
    }

    /// <summary>
    /// The upstream fell silent or away. An answer that had said why it ended is whole all the same.
    /// </summary>
    private AttemptResult Interrupted(GatewayError error) =>
        !ClientGone && _relay.Complete(Output) ? AttemptResult.Answered : AttemptResult.Failed(error);

    /// <summary>The upstream closed its stream.</summary>
    private async ValueTask<AttemptResult> FinishAsync(EventBuffer events)                      // 4
    {
        if (events.TryReadLast(out var last) && Pass(last) is { } end)
        {
            return await EndAsync(end);
        }

        if (!_relay.Complete(Output))
        {
            return await EndAsync(AttemptResult.Failed(
                _relay.Error ?? BadStream("its stream ended before the answer was complete")));
        }

        Commit();
        return await EndAsync(AttemptResult.Answered);
    }

    private async ValueTask<AttemptResult> EndAsync(AttemptResult outcome)
    {
        if (outcome.Error is { } error)
        {
            return Committed ? await BreakAsync(error) : outcome;
        }

        exchange.Capture?.End();
        await FlushAsync();
        return ClientGone ? Left() : outcome;
    }

    /// <summary>Ends a stream that has begun with the client's own error event.</summary>
    private async ValueTask<AttemptResult> BreakAsync(GatewayError error)
    {
        if (!Committed)
        {
            return AttemptResult.Failed(error);
        }

        if (exchange.Continuation is { Possible: true } && !ClientGone)
        {
            await FlushAsync();
            return AttemptResult.Interrupted(error);
        }

        if (!ClientGone)
        {
            _relay.Fail(error, _client.Output);
            await FlushAsync();
        }

        return AttemptResult.Broken(error);
    }

    /// <summary>The media type, whatever parameters follow it.</summary>
    private static bool IsEventStream(ReadOnlySpan<byte> contentType)
    {
        var end = contentType.IndexOf((byte)';');
        var mediaType = (end < 0 ? contentType : contentType[..end]).Trim(" \t"u8);
        return mediaType.IsEmpty || Ascii.EqualsIgnoreCase(mediaType, "text/event-stream"u8);
    }

    private AttemptResult Left()
    {
        exchange.Record.ClientGone = true;
        return AttemptResult.Answered;
    }

    private void Commit()
    {
        if (_held is not { } held)
        {
            return;
        }

        exchange.Claim();
        exchange.Record.ProviderAnswered = exchange.Time.GetTimestamp();
        if (exchange.Continuation is { Continuing: true })
        {
            StreamContinuation.WriteMark(exchange.Record.Provider!, _client.Output);
        }
        else
        {
            BeginResponse();
        }

        Tee(_client.Output).Write(held.WrittenSpan);
        _held = null;
        held.Dispose();
    }

    private void BeginResponse()
    {
        ResponseHead.Begin(exchange, 200, exchange.Call.Framing.ContentType, _response);
        var headers = exchange.Http.Response.Headers;
        headers.CacheControl = "no-cache";

        // nginx would hold events back in its buffers otherwise.
        headers["X-Accel-Buffering"] = "no";
    }

    private IBufferWriter<byte> Tee(IBufferWriter<byte> output) => exchange.Capture?.Tee(output) ?? output;

    private ValueTask FlushAsync()
    {
        exchange.Record.ResponseBytes += _client.Output.UnflushedBytes;

        if (!ClientGone)
        {
            return _client.FlushAsync();
        }

        exchange.Record.ClientGone = true;
        return ValueTask.CompletedTask;
    }

    private GatewayError BadStream(string reason) => new(
        GatewayErrorKind.BadGateway, $"provider {exchange.Record.Provider} failed: {reason}")
    { Code = "provider_stream_broken" };
}
