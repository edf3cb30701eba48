using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Admission;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway;

/// <summary>
/// One request on its way through the stages. Owned by the pipeline; nothing of it outlives the request.
/// </summary>
internal sealed class Exchange(
    HttpContext http, RequestRecord record, GatewaySnapshot snapshot, GatewayCall call, GatewayServices services)
    : IDisposable
{
    private readonly Exchange? _whole;
    private ChatRequest? _chat;

    /// <summary>One of two attempts at once: the same request with a record of its own. Not to be disposed.</summary>
    public Exchange(Exchange whole, HedgeSide side)
        : this(whole.Http, whole.Record.Copy(), whole.Snapshot, whole.Call, whole.Services)
    {
        _whole = whole;
        (Body, Envelope, Deadline, Side) = (whole.Body, whole.Envelope, whole.Deadline, side);
        (Timeout, Meter) = (whole.Timeout, whole.Meter);

        // Written to by the one that answers only, after it has claimed the client.
        Capture = whole.Capture;
        (Tenant, CacheOutcome, CacheKey, CacheAge) =
            (whole.Tenant, whole.CacheOutcome, whole.CacheKey, whole.CacheAge);
    }

    public HttpContext Http { get; } = http;

    public RequestRecord Record { get; } = record;

    public GatewaySnapshot Snapshot { get; } = snapshot;

    /// <summary>Set again by the envelope stage where a path serves two shapes.</summary>
    public GatewayCall Call { get; set; } = call;

    public GatewayServices Services { get; } = services;

    public TimeProvider Time => Services.Time;

    public Dialect Dialect => WireApis.DialectOf(Call.Api);

    public PooledBuffer Body { get; private init; } = new();

    public Envelope Envelope { get; set; }

    /// <summary>
    /// Whose request it is: jobs and kept answers of one tenant are never given to another. Empty: everybody's.
    /// </summary>
    public string Tenant { get; set; } = KeyGate.TenantOf(http);

    /// <summary>The key it came with, a job's run included; null where none is asked for.</summary>
    public ApiKey? Key =>
        Http.Features.Get<ApiKey>() ?? (Tenant.Length > 0 ? Snapshot.Keys.Named(Tenant) : null);

    /// <summary>What it took of its caller's limits; settled when the exchange ends. Null: nothing limits it.</summary>
    public LimitLease? Lease { get; set; }

    /// <summary>What its attempts use. Null: nobody asks.</summary>
    public UseMeter? Meter { get; set; }

    /// <summary>The record of what it uses; settled when the exchange ends. Null: usage is not kept.</summary>
    public Bill? Bill { get; set; }

    /// <summary>The answer is written down for its Idempotency-Key; settled when the exchange ends.</summary>
    public IdempotentAnswer? Idempotent { get; set; }

    /// <summary>Where a copy of the answer is kept on its way to the client; null: nowhere.</summary>
    public AnswerCapture? Capture { get; set; }

    /// <summary>How the cache served the request; null where there is no cache.</summary>
    public CacheOutcome? CacheOutcome { get; set; }

    public CacheKey? CacheKey { get; set; }

    /// <summary>Of an answer from the cache.</summary>
    public TimeSpan? CacheAge { get; set; }

    /// <summary>Timestamp at which the call ends, all attempts together.</summary>
    public long Deadline { get; set; }

    /// <summary>Which of two attempts at once this is; null where there is one at a time.</summary>
    public HedgeSide? Side { get; }

    /// <summary>Cancelled when the upstream call has become pointless.</summary>
    public CancellationToken Abandoned => Side?.Token ?? (Drains ? CancellationToken.None : Http.RequestAborted);

    /// <summary>What has gone out of a stream that another candidate may go on with; null where none may.</summary>
    public StreamContinuation? Continuation { get; set; }

    /// <summary>Time of the whole call: <c>llm.timeout</c>, or less where the client asked for less.</summary>
    public TimeSpan Timeout { get; set; }

    public Priority Priority { get; set; } = Priority.Normal;

    /// <summary>The highest that the caller may ask for: what authenticates it sets this.</summary>
    public Priority HighestPriority { get; set; } = Priority.High;

    /// <summary>The place among the calls under way, while there is one.</summary>
    public Slot Slot { get; set; }

    /// <summary>A provider said that it has too much to do, or did not answer in time.</summary>
    public bool PushedBack { get; set; }

    /// <summary>Whether the upstream call goes on when the client leaves.</summary>
    public bool Drains => Snapshot.Options.Llm.OnClientDisconnect == "drain" && Http.Features.Get<JobCall>() is null;

    /// <summary>The request in no dialect, read at the first attempt that needs translation.</summary>
    public ChatRequest Chat => _whole?.SharedChat() ?? (_chat ??= ReadChat());

    /// <summary>Before anything goes out: of two attempts at once only one may.</summary>
    /// <exception cref="OperationCanceledException">The other one answers.</exception>
    public void Claim() => Side?.Claim();

    public AnswerContext AnswerContextFor(string model) => new()
    {
        RequestId = Record.RequestId,
        Model = model,
        CreatedUnixSeconds = Time.GetUtcNow().ToUnixTimeSeconds(),
        Request = Chat,
    };

    public void Dispose()
    {
        Lease?.Settle(Meter);
        Bill?.Settle(Record);
        Idempotent?.Dispose();
        _chat?.Backing?.Dispose();
        Body.Dispose();
    }

    private ChatRequest SharedChat()
    {
        lock (Body)
        {
            return _chat ??= ReadChat();
        }
    }

    private ChatRequest ReadChat()
    {
        EnvelopeReader.CheckText(Body.WrittenSpan);
        return Record.Operation == Operation.CountTokens
            ? TokenCounting.ReadRequest(Call.Api, Body.WrittenMemory, Envelope)
            : Dialect.ReadRequest(Body.WrittenMemory, Envelope);
    }
}

/// <summary>What the matched route says of the request.</summary>
/// <param name="Model">The model in the path (Gemini), else null.</param>
/// <param name="Stream">Whether the path asks for a stream (Gemini).</param>
/// <param name="Framing">How a stream is laid out for the client.</param>
internal readonly record struct GatewayCall(
    WireApi Api, IStreamFraming Framing, string? Model = null, bool Stream = false);
