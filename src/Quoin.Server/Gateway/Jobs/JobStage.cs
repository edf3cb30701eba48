using System.Buffers;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Outbound;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// The stage for requests that shall be answered later (<c>Prefer: respond-async</c>, RFC 7240):
/// 1. With an idempotency key of a job that is kept: that job is the answer.
/// 2. The model must be known, the webhook callable.
/// 3. The job is on disk before the 202.
/// </summary>
internal sealed class JobStage(JobDesk desk, OutboundGuard guard)
{
    public const string WebhookHeader = "X-Quoin-Webhook";

    /// <summary>Headers that change the answer. Credentials are never among them.</summary>
    private static readonly string[] KeptHeaders =
        ["anthropic-version", "anthropic-beta", "openai-beta", "Cache-Control"];

    private const string KeptPrefix = "X-Quoin-";

    /// <summary>True: the request has its 202.</summary>
    public ValueTask<bool> AcceptsAsync(
        Exchange exchange, Func<Exchange, ValueTask<IReadOnlyList<Candidate>>> route)
    {
        var asks = exchange.Http.Request.Headers.TryGetValue("Prefer", out var values)
            && PreferHeader.AsksToRespondAsync(values);
        return asks || exchange.Idempotent is not null
            ? AcceptAsync(exchange, route, asks)
            : ValueTask.FromResult(false);
    }

    private async ValueTask<bool> AcceptAsync(
        Exchange exchange, Func<Exchange, ValueTask<IReadOnlyList<Candidate>>> route, bool asks)
    {
        var named = exchange.Idempotent?.Entry;
        string? expired = null;
        if (named is not null && desk.Table.TryFind(named.Name, out var known, out expired))     // 1
        {
            if (known.Job.Request.Fingerprint != named.Fingerprint)
            {
                throw IdempotencyStage.Mismatch();
            }

            exchange.Http.Response.Headers["Idempotency-Replayed"] = "true";
            await AnswerAsync(exchange, known.Job);
            return true;
        }

        if (!asks)
        {
            return false;
        }

        await route(exchange);                                                                   // 2
        var webhook = ReadWebhook(exchange);
        var body = UnstreamedBody.Of(exchange.Body.WrittenMemory);
        if (body.Length > JobLimits.BodyBytes)
        {
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.TooLarge, $"the body of a job may have {JobLimits.BodyBytes} bytes"));
        }

        var request = Describe(exchange) with
        {
            IdempotencyKey = named?.Name.Key,
            Fingerprint = named?.Fingerprint,
            Webhook = webhook,
            Replaces = expired,
        };
        var entry = await desk.AcceptAsync(request, body);                                       // 3
        await AnswerAsync(exchange, entry.Job);
        return true;
    }

    private static JobRequest Describe(Exchange exchange)
    {
        var (record, request) = (exchange.Record, exchange.Http.Request);
        return new JobRequest
        {
            Id = "job_" + RequestId.New(exchange.Services.Ids, exchange.Time),
            Tenant = exchange.Tenant,
            Api = exchange.Call.Api.ToString(),
            Model = exchange.Envelope.Model,
            PathModel = exchange.Call.Model,
            Endpoint = record.Endpoint,
            Path = request.Path.Value ?? "",
            RequestId = record.RequestId,
            Created = exchange.Time.GetUtcNow(),
            Headers =
            [
                .. request.Headers.Where(header => IsKept(header.Key))
                    .Select(header => (header.Key, header.Value.ToString())),
            ],
        };
    }

    private static bool IsKept(string name) =>
        (name.StartsWith(KeptPrefix, StringComparison.OrdinalIgnoreCase)
            && !name.Equals(WebhookHeader, StringComparison.OrdinalIgnoreCase))
        || KeptHeaders.Contains(name, StringComparer.OrdinalIgnoreCase);

    private string? ReadWebhook(Exchange exchange)
    {
        if (!exchange.Http.Request.Headers.TryGetValue(WebhookHeader, out var values))
        {
            return null;
        }

        if (exchange.Snapshot.Options.Jobs.WebhookSecret is not { Length: > 0 })
        {
            throw GatewayException.Invalid(
                null, $"{WebhookHeader} is not offered: no secret signs webhooks (jobs.webhook_secret)",
                "webhook_refused");
        }

        var url = values.ToString();
        return guard.RefusalOf(url, out _) is not { } refusal
            ? url
            : throw GatewayException.Invalid(null, $"{WebhookHeader} is refused: {refusal}", "webhook_refused");
    }

    private static async Task AnswerAsync(Exchange exchange, Job job)
    {
        var response = exchange.Http.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.Headers.Location = JobJson.PathOf(job);
        response.Headers["Preference-Applied"] = PreferHeader.RespondAsync;
        using var body = new PooledBuffer(1024);
        JsonOutput.Write((IBufferWriter<byte>)body, job, static (w, j) => JobJson.Write(w, j, withResult: false));
        await ResponseHead.WriteAsync(exchange, body.WrittenMemory);
    }
}
