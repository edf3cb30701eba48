using System.Diagnostics.Metrics;

namespace Quoin.Server.Telemetry;

/// <summary>
/// What Kestrel and Quoin.Http measure of connections, on the metrics page. They measure with each connection, not
/// with each request.
/// </summary>
internal sealed class ConnectionMetrics : IDisposable
{
    private const string KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";
    private const string EdgeMeter = "Quoin.Http";

    /// <summary>The reasons are Kestrel's and few; a version that has more of them must not fill the page.</summary>
    private const int Reasons = 64;

    private readonly MeterListener _listener = new();
    private readonly CounterSeries _active;
    private readonly CounterSeries _refused;
    private readonly CounterSeries _ambiguous;
    private readonly CounterFamily _ended;
    private readonly CounterFamily _handshakes;
    private readonly HashSet<string> _reasons = new(StringComparer.Ordinal);

    /// <param name="scope">Whose meters are read: several servers may run in a process. Null: nobody's.</param>
    public ConnectionMetrics(MetricRegistry registry, IMeterFactory? scope)
    {
        _active = registry.UpDown(new(
            "quoin_connections_active", "quoin.connections.active", "{connection}", "Open client connections.")).With();
        _refused = registry.Counter(new(
            "quoin_connections_refused_total", "quoin.connections.refused", "{connection}",
            "Connections that were closed because there were server.max_connections.")).With();
        _ended = registry.Counter(new(
            "quoin_connections_ended_total", "quoin.connections.ended", "{connection}",
            "Client connections that ended, by what was wrong.", "reason"));
        _handshakes = registry.Counter(new(
            "quoin_tls_handshakes_total", "quoin.tls.handshakes", "{handshake}", "TLS handshakes by outcome.",
            "outcome"));
        _ambiguous = registry.Counter(new(
            "quoin_ambiguous_requests_total", "quoin.ambiguous_requests", "{request}",
            "HTTP/1 requests that were refused because their framing is ambiguous.")).With();
        if (scope is null)
        {
            return;
        }

        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is KestrelMeter or EdgeMeter && instrument.Meter.Scope == scope)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (!IsBetweenProcesses(tags))
            {
                Count(instrument.Name, value);
            }
        });
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Count(instrument.Name, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    private void Count(string instrument, long value)
    {
        var series = instrument switch
        {
            "kestrel.active_connections" => _active,
            "kestrel.rejected_connections" => _refused,
            "quoin.http.ambiguous_requests" => _ambiguous,
            _ => null,
        };
        series?.Add(Stripes.Current, value);
    }

    /// <summary>Durations, of which the number and the end are of interest.</summary>
    private void Count(string instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument is not ("kestrel.connection.duration" or "kestrel.tls_handshake.duration")
            || IsBetweenProcesses(tags))
        {
            return;
        }

        var error = "none";
        foreach (var tag in tags)
        {
            error = tag.Key == "error.type" ? tag.Value?.ToString() ?? error : error;
        }

        var series = instrument == "kestrel.connection.duration"
            ? _ended.With(Bounded(error))
            : _handshakes.With(error == "none" ? "success" : "failure");
        series.Add(Stripes.Current, 1);
    }

    /// <summary>Workers speak to each other over Unix sockets; clients do not.</summary>
    private static bool IsBetweenProcesses(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (tag is { Key: "network.transport", Value: "unix" })
            {
                return true;
            }
        }

        return false;
    }

    private string Bounded(string reason)
    {
        lock (_reasons)
        {
            return _reasons.Contains(reason) || (_reasons.Count < Reasons && _reasons.Add(reason)) ? reason : "other";
        }
    }
}
