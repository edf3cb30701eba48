using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Settle;

/// <summary>
/// What tells apart the label sets of requests. The strings are compared by content: model names are read anew
/// from every request.
/// </summary>
internal readonly record struct RequestKey
{
    public RequestKey(RequestRecord record)
    {
        Method = MetricNames.Method(record.Method);
        Endpoint = record.Endpoint;
        Status = StatusOf(record);
        Operation = record.Operation;
        Route = record.Route;
        Provider = record.Provider;
        ProviderType = record.ProviderType;
        Model = record.Model;
        ResponseModel = record.ResponseModel;
        Error = record.Error?.Kind;
    }

    public string Method { get; init; }

    public string Endpoint { get; init; }

    public int Status { get; init; }

    public Operation? Operation { get; init; }

    public string? Route { get; init; }

    public string? Provider { get; init; }

    public string? ProviderType { get; init; }

    public string? Model { get; init; }

    public string? ResponseModel { get; init; }

    public GatewayErrorKind? Error { get; init; }

    /// <summary>499 where the client left; what is no HTTP status counts as 0.</summary>
    public static int StatusOf(RequestRecord record) =>
        record.ClientGone ? 499 : record.Status is >= 100 and <= 999 ? record.Status : 0;

    /// <summary>
    /// Hashes the one string that differs most and the rest's cheap properties: 20 ns where hashing every string
    /// takes 120. Keys are bounded in number, so collisions cannot be made to cost.
    /// </summary>
    public override int GetHashCode()
    {
        var hash = Model?.GetHashCode(StringComparison.Ordinal) ?? 0;
        hash = (hash * 31) + Status;
        hash = (hash * 31) + Endpoint.Length;
        hash = (hash * 31) + (Endpoint.Length > 0 ? Endpoint[^1] : 0);
        hash = (hash * 31) + (Provider is { Length: > 0 } provider ? (provider.Length * 128) + provider[0] : 0);
        return (hash * 31) + (Error is { } error ? (int)error : -1);
    }
}

/// <summary>The series of one label set, bound once; recording a request is then only adds.</summary>
internal sealed class RequestSeries
{
    private readonly CounterSeries _httpRequests;
    private readonly HistogramSeries _httpDuration;
    private readonly CounterSeries _disconnects;
    private readonly ModelSeries? _model;

    /// <param name="key">With capped names.</param>
    public RequestSeries(GatewayFamilies families, RequestKey key)
    {
        _httpRequests = families.HttpRequests.With(
            key.Method, key.Endpoint, key.Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        _httpDuration = families.HttpDuration.With(key.Method, key.Endpoint);
        _disconnects = families.ClientDisconnects.With();
        if (key is { Provider: { Length: > 0 } provider, Operation: { } operation })
        {
            _model = new ModelSeries(families, key, provider, operation);
        }
    }

    public void Record(RequestRecord record, int stripe)
    {
        var times = new RequestTimes(record, record.Finished);
        _httpRequests.Add(stripe, 1);
        _httpDuration.Record(stripe, times.Total);
        if (record.ClientGone)
        {
            _disconnects.Add(stripe, 1);
        }

        _model?.Record(record, times, stripe);
    }
}

/// <summary>The series of a request that reached a provider.</summary>
internal sealed class ModelSeries
{
    private readonly HistogramSeries _duration;
    private readonly HistogramSeries _overhead;
    private readonly HistogramSeries _firstEvent;
    private readonly CounterSeries[] _tokens;
    private readonly CounterSeries? _streamErrors;
    private readonly HistogramSeries _genAiInput;
    private readonly HistogramSeries _genAiOutput;
    private readonly HistogramSeries _genAiDuration;
    private readonly HistogramSeries _genAiFirstToken;
    private readonly HistogramSeries _genAiPerToken;

    public ModelSeries(GatewayFamilies families, RequestKey key, string provider, Operation operation)
    {
        var model = key.Model ?? "";
        _duration = families.RequestDuration.With(key.Route ?? "", provider, model, MetricNames.Of(operation));
        _overhead = families.Overhead.With(provider);
        _firstEvent = families.TimeToFirstEvent.With(provider, model);
        _tokens =
        [
            families.Tokens.With(provider, model, "input"),
            families.Tokens.With(provider, model, "output"),
            families.Tokens.With(provider, model, "cached"),
            families.Tokens.With(provider, model, "reasoning"),
        ];
        _streamErrors = key.Error is { } error ? families.StreamErrors.With(provider, MetricNames.Of(error)) : null;

        string[] genAi =
        [
            MetricNames.GenAiOperation(operation, key.ProviderType),
            MetricNames.GenAiProvider(key.ProviderType),
            model,
            key.ResponseModel ?? "",
        ];
        var errorType = key.Error is { } kind ? MetricNames.Of(kind) : key.Status == 499 ? "cancelled" : "";
        _genAiInput = families.GenAiTokens.With([.. genAi, "input"]);
        _genAiOutput = families.GenAiTokens.With([.. genAi, "output"]);
        _genAiDuration = families.GenAiDuration.With([.. genAi, errorType]);
        _genAiFirstToken = families.GenAiFirstToken.With(genAi);
        _genAiPerToken = families.GenAiPerToken.With(genAi);
    }

    public void Record(RequestRecord record, in RequestTimes times, int stripe)
    {
        _duration.Record(stripe, times.Total);
        _overhead.Record(stripe, times.Own);
        if (record.Usage is { } usage)
        {
            RecordUsage(usage, stripe);
        }

        if (record is { Error: not null, StreamEvents: > 0 })
        {
            _streamErrors?.Add(stripe, 1);
        }

        if (record.ProviderStarted > 0)
        {
            _genAiDuration.Record(stripe, times.LastAttempt);
        }

        if (!record.Stream || record.ProviderAnswered == 0)
        {
            return;
        }

        _firstEvent.Record(stripe, times.FirstEvent);
        if (record is { Error: null, ClientGone: false })
        {
            _genAiFirstToken.Record(stripe, record.ProviderAnswered - record.ProviderStarted);
            if (record.Usage?.OutputTokens is > 1 and var output)
            {
                _genAiPerToken.Record(stripe, (record.Finished - record.ProviderAnswered) / (output - 1));
            }
        }
    }

    private void RecordUsage(Usage usage, int stripe)
    {
        if (usage.InputTokens is { } input)
        {
            _tokens[0].Add(stripe, Math.Max(input, 0));
            _genAiInput.Record(stripe, input);
        }

        if (usage.OutputTokens is { } output)
        {
            _tokens[1].Add(stripe, Math.Max(output, 0));
            _genAiOutput.Record(stripe, output);
        }

        if (usage.CachedInputTokens is > 0 and var cached)
        {
            _tokens[2].Add(stripe, cached);
        }

        if (usage.ReasoningTokens is > 0 and var reasoning)
        {
            _tokens[3].Add(stripe, reasoning);
        }
    }
}
