namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// What a call takes while nothing queues at its provider, for each provider and model apart: the least that the
/// moving average was in this generation or the one before. The average and not the single least sample, for answers
/// of models differ by more than queueing makes them.
/// </summary>
internal sealed class LatencyBaselines
{
    private const double NewWeight = 0.1;

    /// <summary>Samples before an average counts.</summary>
    private const int WarmUp = 10;

    private readonly Dictionary<LatencySeries, Baseline> _series = [];
    private int _generation;

    /// <summary>What was least two generations ago is forgotten.</summary>
    public void NextGeneration() => _generation++;

    /// <summary>How many times its baseline a latency is; 1 while there is none.</summary>
    public double Ratio(LatencySeries series, double latency)
    {
        if (!_series.TryGetValue(series, out var baseline))
        {
            if (_series.Count >= AdmissionLimits.LatencySeries)
            {
                series = default;
                _series.TryGetValue(series, out baseline);
            }

            _series[series] = baseline ??= new Baseline { Average = latency, Generation = _generation };
        }

        baseline.Average += NewWeight * (latency - baseline.Average);
        if (++baseline.Samples < WarmUp)
        {
            return 1;
        }

        if (baseline.Generation != _generation)
        {
            baseline.Earlier = baseline.Generation == _generation - 1 ? baseline.Least : double.MaxValue;
            baseline.Least = double.MaxValue;
            baseline.Generation = _generation;
        }

        baseline.Least = Math.Min(baseline.Least, baseline.Average);
        return latency / Math.Min(baseline.Least, baseline.Earlier);
    }

    private sealed class Baseline
    {
        public double Average { get; set; }

        public int Samples { get; set; }

        public double Least { get; set; } = double.MaxValue;

        public double Earlier { get; set; } = double.MaxValue;

        public int Generation { get; set; }
    }
}

/// <summary>Calls whose latencies may be compared.</summary>
internal readonly record struct LatencySeries(string? Provider, string? Model, bool Stream);
