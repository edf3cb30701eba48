using System.Text;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Relays an unstreamed answer. It is held until it is whole and known to be sound, so that a cut or malformed one
/// can be tried elsewhere; an untouched answer beyond <see cref="Limits.HeldAnswerBytes"/> goes out as it comes, and
/// a cut then ends the client's connection, which it sees as an error.
/// </summary>
internal sealed class WholeRelay(Exchange exchange, AttemptPlan plan, AttemptClock clock)
{
    public async ValueTask<AttemptResult> RunAsync(UpstreamResponse response)
    {
        using var body = new PooledBuffer();
        if (response.ContentLength is { } length)
        {
            body.Expect(length + 1);
        }

        var limit = plan.Translation is null ? Limits.HeldAnswerBytes : Limits.TranslatedAnswerBytes;
        var whole = await body.ReadToEndAsync(response, limit, clock.Token);
        exchange.Record.ProviderAnswered = exchange.Time.GetTimestamp();
        if (body.Length >= SocketScheduling.LongBodyBytes)
        {
            await SocketScheduling.LeaveSocketThread();
        }

        if (!whole)
        {
            return plan.Translation is null
                ? await PassThroughAsync(response, body)
                : AttemptResult.Failed(BadAnswer("its answer is larger than can be translated"));
        }

        try
        {
            return plan.Translation is null
                ? await RelayAsync(response, body)
                : await TranslateAsync(response, body, plan.Translation);
        }
        catch (GatewayException e)
        {
            return AttemptResult.Failed(e.Error);
        }
        catch (Exception e) when (UnreadableAnswer.Is(e))
        {
            return AttemptResult.Failed(BadAnswer("its answer is not what its API promises"));
        }
    }

    private async ValueTask<AttemptResult> RelayAsync(UpstreamResponse response, PooledBuffer body)
    {
        Note(AnswerFacts.Read(exchange.Call.Api, exchange.Dialect, body.WrittenSpan));
        exchange.Claim();
        KeepAnswer(body);
        var contentType = ContentType(response);
        exchange.Capture?.Keep(contentType, body.WrittenSpan);
        ResponseHead.Begin(exchange, response.Status, contentType, response);
        await ResponseHead.WriteAsync(exchange, body.WrittenMemory);
        return AttemptResult.Answered;
    }

    private async ValueTask<AttemptResult> TranslateAsync(
        UpstreamResponse response, PooledBuffer body, ITranslation translation)
    {
        using var translated = new PooledBuffer();
        Note(translation.WriteResponse(exchange, plan, body.WrittenMemory, translated));
        exchange.Claim();
        KeepAnswer(translated);
        exchange.Capture?.Keep("application/json", translated.WrittenSpan);
        ResponseHead.Begin(exchange, 200, "application/json", response);
        await ResponseHead.WriteAsync(exchange, translated.WrittenMemory);
        return AttemptResult.Answered;
    }

    private async ValueTask<AttemptResult> PassThroughAsync(
        UpstreamResponse response, PooledBuffer body)
    {
        exchange.Claim();
        ResponseHead.Begin(exchange, response.Status, ContentType(response), response);
        exchange.Http.Response.ContentLength = response.ContentLength;
        var client = new ClientWriter(exchange.Http, exchange.Snapshot.Options.Server.WriteTimeout, exchange.Time);
        System.Buffers.BuffersExtensions.Write(client.Output, body.WrittenSpan);
        exchange.Record.ResponseBytes = body.Length;
        try
        {
            while (true)
            {
                await client.FlushAsync();
                var read = await response.ReadAsync(client.Output.GetMemory(16384), clock.Token);
                if (read == 0)
                {
                    return AttemptResult.Answered;
                }

                client.Output.Advance(read);
                exchange.Record.ResponseBytes += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            if (exchange.Http.RequestAborted.IsCancellationRequested)
            {
                exchange.Record.ClientGone = true;
                return AttemptResult.Answered;
            }

            exchange.Http.Abort();
            return AttemptResult.Broken(BadAnswer("its answer was cut"));
        }
    }

    private void Note(ResponseFacts facts)
    {
        exchange.Record.ResponseModel = facts.Model;
        exchange.Record.Finish = facts.Finish;
        exchange.Record.Usage = facts.Usage;
    }

    private void KeepAnswer(PooledBuffer body)
    {
        if (exchange.Snapshot.Options.Logging.Prompts)
        {
            exchange.Record.Answer = Encoding.UTF8.GetString(body.WrittenSpan);
        }
    }

    private static string ContentType(UpstreamResponse response) =>
        response.TryGetField("content-type"u8, out var type) && !type.SequenceEqual("application/json"u8)
        && Encoding.Latin1.GetString(type) is var text && text.Contains("json", StringComparison.OrdinalIgnoreCase)
            ? text
            : "application/json";

    private GatewayError BadAnswer(string reason) => new(
        GatewayErrorKind.BadGateway, $"provider {exchange.Record.Provider} failed: {reason}")
    { Code = "provider_answer_malformed" };
}
