namespace Quoin.Server.Telemetry;

/// <summary>
/// The series of one metric by their label values, ordered. Readers take the array as it is; an addition, rare,
/// replaces it under the lock. Bounded by <see cref="TelemetryLimits.SeriesPerMetric"/>.
/// </summary>
internal sealed class SeriesSet<TSeries>(int labels, Func<string[], TSeries> create)
    where TSeries : class
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string[], TSeries> _byLabels = new(LabelOrder.Instance);
    private volatile TSeries[] _all = [];

    public TSeries[] All => _all;

    public TSeries With(string[] values)
    {
        if (values.Length != labels)
        {
            throw new ArgumentException($"{values.Length} label values for {labels} labels", nameof(values));
        }

        lock (_lock)
        {
            if (_byLabels.TryGetValue(values, out var series))
            {
                return series;
            }

            if (_byLabels.Count >= TelemetryLimits.SeriesPerMetric)
            {
                values = [.. Enumerable.Repeat(CappedLabel.Other, labels)];
                if (_byLabels.TryGetValue(values, out series))
                {
                    return series;
                }
            }

            series = create(values);
            _byLabels.Add(values, series);
            _all = [.. _byLabels.Values];
            return series;
        }
    }

    private sealed class LabelOrder : IComparer<string[]>
    {
        public static readonly LabelOrder Instance = new();

        public int Compare(string[]? x, string[]? y)
        {
            for (var i = 0; i < x!.Length; i++)
            {
                var order = string.CompareOrdinal(x[i], y![i]);
                if (order != 0)
                {
                    return order;
                }
            }

            return 0;
        }
    }
}
