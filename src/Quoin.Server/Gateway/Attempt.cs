using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway;

/// <summary>How an attempt ended.</summary>
/// <param name="Done">The client has its answer, or as much as there will be: no further attempt.</param>
/// <param name="Error">What went wrong; with <paramref name="Done"/>, after the answer had begun.</param>
/// <param name="Retryable">Another provider may do better.</param>
internal readonly record struct AttemptResult(bool Done, GatewayError? Error = null, bool Retryable = false)
{
    /// <summary>The answer had begun to go out, and another candidate may go on with it.</summary>
    public bool Begun { get; init; }

    public static readonly AttemptResult Answered = new(true);

    /// <summary>Cannot be said to this provider; one that speaks the client's own API needs no translation.</summary>
    public static AttemptResult Refused(GatewayError error) => new(false, error, Retryable: true);

    /// <summary>Another attempt beside it answered first.</summary>
    public static readonly AttemptResult Overtaken = new(false);

    public static AttemptResult Broken(GatewayError error) => new(true, error);

    public static AttemptResult Interrupted(GatewayError error) => new(false, error, Retryable: true) { Begun = true };

    public static AttemptResult Failed(GatewayError error) => new(false, error, error.Kind
        is GatewayErrorKind.BadGateway or GatewayErrorKind.Overloaded or GatewayErrorKind.Deadline
        or GatewayErrorKind.RateLimited or GatewayErrorKind.NotFound);
}

/// <summary>
/// One try at one candidate:
/// 1. Choose the wire API: the client's own if the provider speaks it, else one to translate to.
/// 2. Write the upstream request: the client's bytes with the model's name exchanged, or a translated body.
/// 3. Send it; wait for headers.
/// 4. Anything but 2xx: read the error, map it.
/// 5. Relay the answer, streamed or whole. Nothing goes out before the first content is in.
/// </summary>
internal sealed class Attempt(Exchange exchange, Candidate candidate, AccountKey key, bool last)
{
    public async ValueTask<AttemptResult> RunAsync()
    {
        var http = exchange.Http;
        var answered = false;
        using var requestBody = new PooledBuffer();
        using var clock = exchange.Services.Clocks.Rent(exchange.Deadline, exchange.Abandoned);
        try
        {
            var plan = Plan();                                                                     // 1
            if (plan.LocalAnswer is { } local)
            {
                http.Response.Headers["X-Quoin-Estimate"] = "tokens";
                return await ResponseHead.WriteBodyAsync(exchange, local, "application/json");
            }

            using var request = CreateRequest(plan, requestBody);                                               // 2
            var llm = exchange.Snapshot.Options.Llm;
            var (phase, limit) = plan.Stream ? (AttemptPhase.FirstToken, llm.FirstTokenTimeout)
                : last ? (AttemptPhase.Total, llm.Timeout) : (AttemptPhase.Attempt, llm.AttemptTimeout);
            clock.Begin(phase, limit);
            var record = exchange.Record;
            record.Attempts++;
            record.ProviderStarted = exchange.Time.GetTimestamp();
            record.ProviderAnswered = 0;
            using var response = await candidate.Upstream.SendAsync(request, clock.Token);         // 3
            answered = true;
            if (!response.IsSuccess)
            {
                return await UpstreamErrorReply.ReadAsync(exchange, candidate, plan, response, clock);   // 4
            }

            return await RelayAsync(plan, response, clock);                                        // 5
        }
        catch (Exception e) when (exchange.Side is { Lost: true }
            && e is OperationCanceledException or HttpRequestException or IOException)
        {
            return AttemptResult.Overtaken;
        }
        catch (UntranslatableException e)
        {
            var field = e.Path ?? exchange.Dialect.FieldName(e.Field);
            return AttemptResult.Refused(GatewayError.Invalid(
                field,
                $"{field} cannot be translated for provider {candidate.Upstream.Name}: {e.Message}",
                "unsupported_parameter"));
        }
        catch (GatewayException e)
        {
            return AttemptResult.Refused(e.Error);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested && !exchange.Drains)
        {
            exchange.Record.ClientGone = true;
            return AttemptResult.Answered;
        }
        catch (OperationCanceledException)
        {
            return AttemptResult.Failed(TimedOut(clock.Phase, exchange));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return AttemptResult.Failed(answered ? Cut() : Unreachable(e));
        }
    }

    private async ValueTask<AttemptResult> RelayAsync(
        AttemptPlan plan, UpstreamResponse response, AttemptClock clock)
    {
        if (response.TryGetField("content-encoding"u8, out _))
        {
            return AttemptResult.Failed(new GatewayError(
                GatewayErrorKind.BadGateway,
                $"provider {candidate.Upstream.Name} failed: its answer has a Content-Encoding, unasked")
            { Code = "provider_answer_malformed" });
        }

        if (!plan.Stream)
        {
            return await new WholeRelay(exchange, plan, clock).RunAsync(response);
        }

        using var relay = new StreamRelay(exchange, plan, clock);
        return await relay.RunAsync(response);
    }

    public static GatewayError TimedOut(AttemptPhase phase, Exchange exchange)
    {
        var llm = exchange.Snapshot.Options.Llm;
        return new(GatewayErrorKind.Deadline, phase switch
        {
            AttemptPhase.FirstToken =>
                $"no content within {llm.FirstTokenTimeout.TotalSeconds:0.###} s (llm.first_token_timeout)",
            AttemptPhase.Attempt =>
                $"no answer within {llm.AttemptTimeout.TotalSeconds:0.###} s (llm.attempt_timeout)",
            AttemptPhase.Stall =>
                $"the stream was silent for {llm.StallTimeout.TotalSeconds:0.###} s (llm.stall_timeout)",
            _ when exchange.Timeout < llm.Timeout =>
                $"no answer within {exchange.Timeout.TotalSeconds:0.###} s (X-Quoin-Timeout)",
            _ => $"no answer within {llm.Timeout.TotalSeconds:0.###} s (llm.timeout)",
        })
        { Code = "timeout" };
    }

    private GatewayError Cut() => new(
        GatewayErrorKind.BadGateway, $"provider {candidate.Upstream.Name} broke off its answer")
    { Code = "provider_answer_cut" };

    private GatewayError Unreachable(Exception e)
    {
        var reason = e is HttpRequestException { HttpRequestError: var kind } ? kind switch
        {
            HttpRequestError.NameResolutionError => "its name cannot be resolved",
            HttpRequestError.ConnectionError => "it cannot be connected to",
            HttpRequestError.SecureConnectionError => "no secure connection to it can be made",
            HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse => "it broke off its answer",
            _ => "the connection to it failed",
        }
        : "the connection to it broke";
        return new GatewayError(
            GatewayErrorKind.BadGateway, $"provider {candidate.Upstream.Name} cannot be used: {reason}")
        { Code = GatewayError.ProviderUnreachable };
    }

    private AttemptPlan Plan()
    {
        var api = exchange.Call.Api;
        var provider = candidate.Upstream.Provider;
        var stream = exchange.Record.Stream;
        if (exchange.Continuation is { Continuing: true } continuation)
        {
            return continuation.Plan(exchange.Call.Api, provider) with { Model = candidate.Model };
        }

        if (provider.Speaks.Contains(api))
        {
            return new AttemptPlan(api, exchange.Dialect, candidate.Model, stream, Translation: null);
        }

        var translation = TranslationTable.Find(exchange, provider)
            ?? throw new UntranslatableException(
                ChatField.Turns, "model", "it offers no such operation");
        exchange.Record.Translated = true;
        return translation with { Model = candidate.Model, Stream = stream };
    }

    private UpstreamRequest CreateRequest(AttemptPlan plan, PooledBuffer requestBody)
    {
        var provider = candidate.Upstream.Provider;
        var request = candidate.Upstream.CreateRequest(
            HttpMethod.Post, provider.PathOf(plan.Api, candidate.Model, plan.Stream));
        SetBody(request, plan, requestBody);
        RequestHead.Copy(exchange, request, sameDialect: plan.Translation is null);
        key.Provider.Authorize(request, plan.Api);
        return request;
    }

    private void SetBody(UpstreamRequest request, AttemptPlan plan, PooledBuffer requestBody)
    {
        var body = exchange.Body.WrittenMemory;
        if (plan.Translation is { } translation)
        {
            translation.WriteRequest(
                exchange, candidate.Upstream.Provider.TraitsFor(candidate.Model, plan.Stream), requestBody);
            exchange.Record.Translated = true;
            request.SetBody(requestBody.WrittenMemory);
            return;
        }

        var envelope = exchange.Envelope;
        if (envelope.ModelStart < 0 || string.Equals(envelope.Model, candidate.Model, StringComparison.Ordinal))
        {
            request.SetBody(body);
            return;
        }

        JsonOutput.Write(requestBody, candidate.Model, static (w, model) => w.WriteStringValue(model));
        request.SetBody(
            body[..envelope.ModelStart],
            requestBody.WrittenMemory,
            body[(envelope.ModelStart + envelope.ModelLength)..]);
    }
}

/// <summary>How a candidate is called.</summary>
/// <param name="Api">What is spoken to the provider.</param>
/// <param name="Dialect">Its dialect.</param>
/// <param name="Translation">Null: relayed untouched.</param>
internal sealed record AttemptPlan(
    WireApi Api, Dialect Dialect, string Model, bool Stream, ITranslation? Translation)
{
    /// <summary>An answer that needs no provider (an estimate of tokens), else null.</summary>
    public ReadOnlyMemory<byte>? LocalAnswer { get; init; }
}
