using System.Globalization;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// Admission as a stage: what a request says of itself (X-Quoin-Timeout, X-Quoin-Priority, whose it is) becomes its
/// deadline and its place; what comes back becomes an error, or a slot that is given back with what was learned.
/// </summary>
internal static class AdmissionStage
{
    public const string TimeoutHeader = "X-Quoin-Timeout";

    /// <summary>
    /// Tokens that reading the prompt costs as much as: an unstreamed answer takes about that time and a time for
    /// each token, so that its latency per (tokens + this) does not depend on its length.
    /// </summary>
    private const int PromptTokens = 20;

    /// <summary>Sets the call's deadline and priority, or throws what is wrong with the headers.</summary>
    public static void ReadTerms(Exchange exchange)
    {
        var headers = exchange.Http.Request.Headers;
        var timeout = exchange.Snapshot.Options.Llm.Timeout;
        if (headers.TryGetValue(TimeoutHeader, out var asked))
        {
            if (!TryReadTimeout(asked.ToString(), out var own))
            {
                throw GatewayException.Invalid(
                    TimeoutHeader, $"{TimeoutHeader} takes milliseconds or a duration such as 500ms, 2s or 1m30s, "
                    + "more than 0", "invalid_header");
            }

            timeout = own < timeout ? own : timeout;
        }

        if (headers.TryGetValue(Priorities.Header, out var priority))
        {
            if (!Priorities.TryParse(priority.ToString(), out var wanted))
            {
                throw GatewayException.Invalid(
                    Priorities.Header, $"{Priorities.Header} takes high, normal, low, or 0, 1, 2 for these",
                    "invalid_header");
            }

            exchange.Priority = (Priority)Math.Max((int)wanted, (int)exchange.HighestPriority);
        }
        else
        {
            exchange.Priority = (Priority)Math.Max((int)Priority.Normal, (int)exchange.HighestPriority);
        }

        exchange.Timeout = timeout;
        exchange.Deadline = exchange.Record.Started + Ticks(exchange, timeout);
    }

    /// <summary>Null when the request may go on; its slot, if the queue is on, is in the exchange.</summary>
    public static ValueTask<GatewayError?> EnterAsync(Exchange exchange)
    {
        if (exchange.Services.Admission is not { Enabled: true } queue)
        {
            return default;
        }

        if (queue.TryEnter(out var slot))
        {
            exchange.Slot = slot;
            return default;
        }

        return WaitAsync(exchange, queue);
    }

    /// <summary>Gives the slot back, if there is one.</summary>
    public static void Exit(Exchange exchange)
    {
        if (exchange.Slot is not { Started: not 0 } slot)
        {
            return;
        }

        exchange.Slot = default;
        var record = exchange.Record;
        var latency = record is { ProviderStarted: > 0, ProviderAnswered: > 0 }
            ? (double)(record.ProviderAnswered - record.ProviderStarted)
            : 0;
        if (!record.Stream)
        {
            latency /= PromptTokens + (record.Usage?.OutputTokens ?? 0);
        }

        var series = new LatencySeries(record.Provider, record.Model, record.Stream);
        exchange.Services.Admission!.Exit(slot, series, latency, exchange.PushedBack);
    }

    /// <summary>
    /// Whether a provider's failure says that it has too much to do. A time that the client cut short says nothing:
    /// else one that asks for a millisecond could take the slots from all others.
    /// </summary>
    public static bool IsPushback(Exchange exchange, GatewayError? error) => error?.Kind switch
    {
        GatewayErrorKind.RateLimited or GatewayErrorKind.Overloaded => true,
        GatewayErrorKind.Deadline => exchange.Timeout >= exchange.Snapshot.Options.Llm.Timeout
            || exchange.Time.GetTimestamp() < exchange.Deadline,
        _ => false,
    };

    public static bool TryReadTimeout(string text, out TimeSpan timeout)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            timeout = TimeSpan.FromMilliseconds(milliseconds);
            return milliseconds > 0;
        }

        return Durations.TryParse(text, out timeout) && timeout > TimeSpan.Zero;
    }

    private static async ValueTask<GatewayError?> WaitAsync(Exchange exchange, AdmissionQueue queue)
    {
        var maxWait = exchange.Snapshot.Options.Queue.MaxWait;
        var begun = exchange.Time.GetTimestamp();
        var longest = begun + Ticks(exchange, maxWait);
        var flow = exchange.Tenant.Length > 0
            ? exchange.Tenant
            : exchange.Http.Connection.RemoteIpAddress?.ToString() ?? "";
        var entry = await queue.EnterAsync(
            flow, exchange.Priority, longest, exchange.Deadline, exchange.Http.RequestAborted);
        exchange.Slot = entry.Slot;
        exchange.Record.Queued += (entry.Slot.Started > 0 ? entry.Slot.Started : exchange.Time.GetTimestamp()) - begun;
        if (entry.Refusal is not { } refusal)
        {
            return null;
        }

        exchange.Http.RequestAborted.ThrowIfCancellationRequested();
        return ErrorOf(refusal, entry.RetryAfter, exchange.Time.GetTimestamp() < longest);
    }

    private static GatewayError ErrorOf(Refusal refusal, TimeSpan retryAfter, bool atDeadline)
    {
        if (refusal == Refusal.Expired && atDeadline)
        {
            return new GatewayError(
                GatewayErrorKind.Deadline, "the request got no slot while there was time for its answer")
            { Code = "queue_deadline", RetryAfter = retryAfter };
        }

        var (code, message) = refusal switch
        {
            Refusal.Full => ("queue_full", "as many requests wait as may"),
            Refusal.Late => ("queue_late", "the request would not get a slot in time"),
            Refusal.PushedOut => ("queue_pushed_out", "the queue is full, and others have fewer requests in it"),
            Refusal.Stopping => ("server_stopping", "the server stops"),
            _ => ("queue_expired", "the request got no slot within queue.max_wait"),
        };
        return new GatewayError(GatewayErrorKind.Overloaded, message) { Code = code, RetryAfter = retryAfter };
    }

    private static long Ticks(Exchange exchange, TimeSpan time) =>
        (long)(time.TotalSeconds * exchange.Time.TimestampFrequency);
}
