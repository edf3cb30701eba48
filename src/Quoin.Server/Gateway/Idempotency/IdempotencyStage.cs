using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>
/// The stage for requests with an <c>Idempotency-Key</c>:
/// 1. Read the key; take the body's hash.
/// 2. Lead where nobody has used the key: the answer is written down as it goes out, and kept when it is final.
/// 3. Else the body must be the same. Wait for the leader's answer within this request's own time, and give it again;
///    where the leader had none to keep, begin anew.
/// </summary>
internal sealed class IdempotencyStage(IdempotencyStore store, IdempotencyMetrics metrics, TimeProvider time)
{
    /// <summary>True: the answer has gone out.</summary>
    public ValueTask<bool> AnswersAsync(Exchange exchange) =>
        exchange.Http.Request.Headers.TryGetValue(IdempotencyKey.Header, out var values)
            ? EnterAsync(exchange, values)
            : ValueTask.FromResult(false);

    private async ValueTask<bool> EnterAsync(Exchange exchange, StringValues values)
    {
        if (!IdempotencyKey.TryRead(values, out var key))                                        // 1
        {
            throw GatewayException.Invalid(
                null, "Idempotency-Key must be one value of 1 to 255 printable ASCII characters",
                "invalid_idempotency_key");
        }

        var request = exchange.Http.Request;
        var name = new IdempotencyName(exchange.Tenant, request.Path.Value ?? "", key);
        var fingerprint = FingerprintOf(request.QueryString.Value ?? "", exchange.Body.WrittenSpan);
        while (true)
        {
            var entry = store.Enter(name, fingerprint, out var leads);
            if (leads)                                                                           // 2
            {
                metrics.Count("first");
                exchange.Idempotent = new IdempotentAnswer(exchange, store, entry);
                return false;
            }

            if (entry.Fingerprint != fingerprint)
            {
                metrics.Count("mismatch");
                throw Mismatch();
            }

            if (await WaitAsync(exchange, entry) is { } answer)                                  // 3
            {
                metrics.Count("replayed");
                await answer.WriteAsync(exchange);
                return true;
            }
        }
    }

    /// <summary>The 422 for a key that came with another body before.</summary>
    public static GatewayException Mismatch() => new(new GatewayError(
        GatewayErrorKind.Unprocessable, "this Idempotency-Key was used with another body")
    { Code = "idempotency_key_reused" });

    private async Task<RecordedAnswer?> WaitAsync(Exchange exchange, IdempotencyEntry entry)
    {
        var left = exchange.Snapshot.Options.Llm.Timeout - time.GetElapsedTime(exchange.Record.Started);
        try
        {
            return await entry.Completion.Task.WaitAsync(
                left > TimeSpan.Zero ? left : TimeSpan.Zero, time, exchange.Http.RequestAborted);
        }
        catch (TimeoutException)
        {
            metrics.Count("busy");
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.Conflict, "the first request with this Idempotency-Key is still running")
            { Code = "idempotency_key_in_use", RetryAfter = TimeSpan.FromSeconds(1) });
        }
    }

    private static string FingerprintOf(string query, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(query));
        hash.AppendData([0]);
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>
/// A leader's answer on its way out. Disposed with the exchange, when the answer is whole or will never be: kept when
/// another try would give the same, else the key is free again.
/// </summary>
internal sealed class IdempotentAnswer : IDisposable
{
    private readonly Exchange _exchange;
    private readonly IdempotencyStore _store;
    private readonly IHttpResponseBodyFeature _client;
    private readonly AnswerRecorder _recorder;

    public IdempotentAnswer(Exchange exchange, IdempotencyStore store, IdempotencyEntry entry)
    {
        (_exchange, _store, Entry) = (exchange, store, entry);
        _client = exchange.Http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _recorder = new AnswerRecorder(_client.Writer, IdempotencyLimits.AnswerBytes);
        exchange.Http.Features.Set<IHttpResponseBodyFeature>(_recorder);
    }

    public IdempotencyEntry Entry { get; }

    public void Dispose()
    {
        var response = _exchange.Http.Response;
        if (IsWhole(response.ContentLength) && IsFinal(response.StatusCode))
        {
            _store.Keep(Entry, new RecordedAnswer(
                response.StatusCode, RecordedAnswer.HeadersOf(response), _recorder.Body.ToArray()));
        }
        else
        {
            _store.Drop(Entry);
        }

        _exchange.Http.Features.Set(_client);
        _recorder.Dispose();
    }

    private bool IsWhole(long? declared) =>
        _recorder is { Started: true, Overflowed: false } && !_exchange.Record.ClientGone
        && (declared is null || declared == _recorder.Body.Length);

    /// <summary>What a later try may do better at is not kept: limits, faults, what is not there yet.</summary>
    private bool IsFinal(int status) => status switch
    {
        >= 200 and < 300 => _exchange.Record.Error is null,
        400 or 413 or 415 or 422 => true,
        _ => false,
    };
}
