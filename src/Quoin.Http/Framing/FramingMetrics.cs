using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Quoin.Http.Framing;

/// <summary>Counts refused requests in the meter <c>Quoin.Http</c>.</summary>
internal sealed class FramingMetrics
{
    private readonly Counter<long>? _ambiguous;

    /// <param name="services">Their meter factory is used, where there is one.</param>
    public FramingMetrics(IServiceProvider services) =>
        _ambiguous = services.GetService<IMeterFactory>()?.Create("Quoin.Http").CreateCounter<long>(
            "quoin.http.ambiguous_requests", "{request}",
            "HTTP/1 requests that were refused because their framing is ambiguous.");

    public void Refuse() => _ambiguous?.Add(1);
}
