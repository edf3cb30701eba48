using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Relays an unstreamed answer. It is held until it is whole and known to be sound, so that a cut or malformed one
/// can be tried elsewhere; an untouched answer beyond <see cref="Limits.HeldAnswerBytes"/> goes out as it comes, and
/// a cut then ends the client's connection, which it sees as an error.
/// </summary>
internal sealed class WholeRelay(Exchange exchange, AttemptPlan plan, AttemptClock clock)
{
    public async ValueTask<AttemptResult> RunAsync(HttpResponseMessage response)
    {
        using var body = new PooledBuffer();
        var stream = await response.Content.ReadAsStreamAsync(clock.Token);
        var limit = plan.Translation is null ? Limits.HeldAnswerBytes : Limits.TranslatedAnswerBytes;
        var whole = await body.ReadToEndAsync(stream, limit, clock.Token);
        exchange.Record.ProviderAnswered = exchange.Time.GetTimestamp();
        if (body.Length >= SocketScheduling.LongBodyBytes)
        {
            await SocketScheduling.LeaveSocketThread();
        }

        if (!whole)
        {
            return plan.Translation is null
                ? await PassThroughAsync(response, body, stream)
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

    private async ValueTask<AttemptResult> RelayAsync(HttpResponseMessage response, PooledBuffer body)
    {
        exchange.Claim();
        Note(AnswerFacts.Read(exchange.Call.Api, exchange.Dialect, body.WrittenSpan));
        KeepAnswer(body);
        ResponseHead.Begin(exchange, (int)response.StatusCode, ContentType(response), response);
        await ResponseHead.WriteAsync(exchange, body.WrittenMemory);
        return AttemptResult.Answered;
    }

    private async ValueTask<AttemptResult> TranslateAsync(
        HttpResponseMessage response, PooledBuffer body, ITranslation translation)
    {
        using var translated = new PooledBuffer();
        Note(translation.WriteResponse(exchange, plan, body.WrittenMemory, translated));
        exchange.Claim();
        KeepAnswer(translated);
        ResponseHead.Begin(exchange, 200, "application/json", response);
        await ResponseHead.WriteAsync(exchange, translated.WrittenMemory);
        return AttemptResult.Answered;
    }

    private async ValueTask<AttemptResult> PassThroughAsync(
        HttpResponseMessage response, PooledBuffer body, Stream stream)
    {
        exchange.Claim();
        ResponseHead.Begin(exchange, (int)response.StatusCode, ContentType(response), response);
        exchange.Http.Response.ContentLength = response.Content.Headers.ContentLength;
        var client = new ClientWriter(exchange.Http, exchange.Snapshot.Options.Server.WriteTimeout, exchange.Time);
        System.Buffers.BuffersExtensions.Write(client.Output, body.WrittenSpan);
        exchange.Record.ResponseBytes = body.Length;
        try
        {
            while (true)
            {
                await client.FlushAsync();
                var read = await stream.ReadAsync(client.Output.GetMemory(16384), clock.Token);
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
            exchange.Record.Answer = System.Text.Encoding.UTF8.GetString(body.WrittenSpan);
        }
    }

    private static string ContentType(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)
        && type.ToString() is var text && text.Contains("json", StringComparison.OrdinalIgnoreCase)
            ? text
            : "application/json";

    private GatewayError BadAnswer(string reason) => new(
        GatewayErrorKind.BadGateway, $"provider {exchange.Record.Provider} failed: {reason}")
    { Code = "provider_answer_malformed" };
}
