using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// The cache that requests use, or none. A reload that leaves <c>llm.cache</c> as it is keeps it with all its answers;
/// another configuration makes a new one, and the old one is let go.
/// </summary>
internal sealed class CacheHolder : IDisposable
{
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private AnswerCache? _current;

    public CacheHolder(MetricRegistry registry, TimeProvider time, ILoggerFactory loggers)
    {
        (_time, _loggers) = (time, loggers);
        Metrics = new CacheMetrics(registry, () => Current?.Store.Size);
    }

    public CacheMetrics Metrics { get; }

    /// <summary>Null when nothing is cached.</summary>
    public AnswerCache? Current => Volatile.Read(ref _current);

    public void Configure(CacheOptions options)
    {
        var old = Current;
        if (old?.Options == options)
        {
            return;
        }

        Volatile.Write(ref _current, options.Enable ? Open(options) : null);
        old?.Dispose();
    }

    public void Dispose() => Current?.Dispose();

    private AnswerCache Open(CacheOptions options) =>
        new(StoreTable.Open(options, _time, _loggers), options, Metrics, _loggers.CreateLogger<AnswerCache>());
}
