using System.Collections.Concurrent;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Settle;

/// <summary>
/// The metrics of requests. Each <see cref="Start"/> is followed by one <see cref="Record"/>. Recording looks up
/// the series of the request's label set, bound when it was first seen, and adds: no allocation, no lock. About
/// 0.13 µs unstreamed and 0.2 µs streamed (benchmark RecordRequestMetrics).
/// </summary>
internal sealed class GatewayMetrics
{
    private readonly GatewayFamilies _families;
    private readonly CounterSeries _inProgress;
    private readonly ConcurrentDictionary<RequestKey, RequestSeries> _requests = new();
    private readonly ConcurrentDictionary<string, CounterSeries[]> _attempts = new(StringComparer.Ordinal);
    private readonly CappedLabel _models = new(TelemetryLimits.ModelLabels);
    private readonly CappedLabel _responseModels = new(TelemetryLimits.ModelLabels);

    public GatewayMetrics(MetricRegistry registry)
    {
        _families = new GatewayFamilies(registry);
        _inProgress = _families.HttpInProgress.With();
        _families.ClientDisconnects.With();
        _families.Reloads.With("success");
        _families.Reloads.With("failure");
        registry.Callback(
            new("quoin_build_info", null, null, "1, with the version of this build.", "version"),
            MetricKind.Gauge,
            () => [([Product.Version], 1.0)]);
    }

    /// <summary>The configured model names keep their label, however many others were seen before.</summary>
    public void KnowModels(QuoinOptions options)
    {
        foreach (var provider in options.Providers.Values)
        {
            Know(provider.Model);
            foreach (var model in provider.Models)
            {
                Know(model);
            }
        }

        foreach (var candidate in options.Models.Values.SelectMany(candidates => candidates))
        {
            Know(candidate.Model);
        }
    }

    public void Start() => _inProgress.Add(Stripes.Current, 1);

    /// <summary>Counts a finished request: <see cref="RequestRecord.Finished"/> is set.</summary>
    public void Record(RequestRecord record)
    {
        var stripe = Stripes.Current;
        _inProgress.Add(stripe, -1);
        var key = new RequestKey(record);
        if (!_requests.TryGetValue(key, out var series))
        {
            series = Bind(key);
        }

        series.Record(record, stripe);
    }

    /// <summary>Counts one call of a provider, those that were retried included.</summary>
    public void RecordAttempt(string provider, AttemptOutcome outcome)
    {
        var series = _attempts.GetOrAdd(
            provider,
            static (name, families) =>
                [.. Enum.GetValues<AttemptOutcome>().Select(o => families.Attempts.With(name, MetricNames.Of(o)))],
            _families);
        series[(int)outcome].Add(Stripes.Current, 1);
    }

    public void RecordReload(bool success) =>
        _families.Reloads.With(success ? "success" : "failure").Add(Stripes.Current, 1);

    private void Know(string? model)
    {
        if (model is not null && !model.Contains('*', StringComparison.Ordinal))
        {
            _models.TryAdmit(model);
        }
    }

    // A label set seen for the first time, or one with names that are not admitted: those are counted as other.
    private RequestSeries Bind(RequestKey key)
    {
        var succeeded = key.Status is >= 200 and < 400 && key.Error is null;
        var room = _requests.Count < TelemetryLimits.RequestCombinations;
        key = key with
        {
            Model = room ? _models.Of(key.Model, succeeded) : CappedLabel.Other,
            ResponseModel = room ? _responseModels.Of(key.ResponseModel, succeeded) : CappedLabel.Other,
        };
        if (_requests.TryGetValue(key, out var series))
        {
            return series;
        }

        series = new RequestSeries(_families, key);
        return _requests.Count < TelemetryLimits.RequestCombinations * 2 ? _requests.GetOrAdd(key, series) : series;
    }
}
