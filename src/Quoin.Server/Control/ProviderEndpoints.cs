using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Control;

/// <summary>
/// <c>/api/v1/providers</c>: what is known of each provider, and taking one out of use. A drained provider gets no new
/// calls; those under way finish. It stays drained until it is enabled again or the server restarts.
/// </summary>
internal static class ProviderEndpoints
{
    public static void MapProviders(
        this RouteGroupBuilder control, SnapshotHolder snapshots, TimeProvider time)
    {
        control.MapGet("/providers", http => WriteListAsync(http, snapshots.Current, time));
        control.MapGet("/providers/{name}", http => WithAsync(http, snapshots.Current, time, _ => { }));
        control.MapPost(
            "/providers/{name}/drain",
            http => WithAsync(http, snapshots.Current, time, state => state.Drained = true));
        control.MapPost(
            "/providers/{name}/enable",
            http => WithAsync(http, snapshots.Current, time, state => state.Drained = false));
    }

    private static async Task WriteListAsync(HttpContext http, GatewaySnapshot snapshot, TimeProvider time)
    {
        using var body = new PooledBuffer(4096);
        JsonOutput.Write(body, (snapshot, time), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteStartArray("data"u8);
            foreach (var upstream in s.snapshot.Upstreams.Values)
            {
                Write(w, s.snapshot.AccountOf(upstream), upstream.Provider.Options.Type, s.time);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        });
        await SendAsync(http, body);
    }

    private static async Task WithAsync(
        HttpContext http, GatewaySnapshot snapshot, TimeProvider time, Action<ProviderState> change)
    {
        var name = (string)http.GetRouteValue("name")!;
        if (!snapshot.Upstreams.TryGetValue(name, out var upstream))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await ProblemDetails.WriteAsync(http, RequestEdge.RecordOf(http), "no provider of that name");
            return;
        }

        var account = snapshot.AccountOf(upstream);
        change(account.State);
        using var body = new PooledBuffer(1024);
        JsonOutput.Write(
            body, (account, upstream.Provider.Options.Type, time),
            static (w, s) => Write(w, s.account, s.Type, s.time));
        await SendAsync(http, body);
    }

    private static async Task SendAsync(HttpContext http, PooledBuffer body)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static void Write(Utf8JsonWriter writer, Account account, string type, TimeProvider time)
    {
        var (state, now) = (account.State, time.GetTimestamp());
        writer.WriteStartObject();
        writer.WriteString("name"u8, state.Name);
        writer.WriteString("type"u8, type);
        writer.WriteString("state"u8, state.Drained ? "drained"u8 : state.Healthy ? "healthy"u8 : "unhealthy"u8);
        writer.WriteString("circuit_breaker"u8, NameOf(state.Circuit));
        writer.WriteNumber("in_flight"u8, state.InFlight);
        writer.WriteNumber("latency_ms"u8, Rounded(state.Latency.Latest * 1000 / time.TimestampFrequency));
        writer.WriteNumber("success_rate"u8, Rounded(state.SuccessRate));
        WriteLastError(writer, state.LastError);
        writer.WriteStartArray("keys"u8);
        for (var i = 0; i < account.Keys.Count; i++)
        {
            WriteKey(writer, i + 1, account.Keys[i].State, now, time);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteLastError(Utf8JsonWriter writer, LastError? last)
    {
        if (last is null)
        {
            writer.WriteNull("last_error"u8);
            return;
        }

        writer.WriteStartObject("last_error"u8);
        writer.WriteString("at"u8, last.At);
        writer.WriteString("type"u8, MetricNames.Of(last.Error.Kind));
        writer.WriteString("message"u8, last.Error.Message);
        writer.WriteEndObject();
    }

    /// <summary>Keys are told by their place in the configuration; not a character of them is shown.</summary>
    private static void WriteKey(Utf8JsonWriter writer, int number, KeyState key, long now, TimeProvider time)
    {
        writer.WriteStartObject();
        writer.WriteNumber("number"u8, number);
        writer.WriteString("circuit_breaker"u8, NameOf(key.Breaker.State));
        writer.WriteNumber("failures"u8, key.Breaker.Failures);
        writer.WriteNumber("in_flight"u8, key.InFlight);
        if (key.Breaker.OpenUntil is > 0 and var until)
        {
            writer.WriteNumber("open_for_s"u8, Seconds(now, until, time));
        }

        if (key.RefusedUntil(now) is > 0 and var refused)
        {
            writer.WriteNumber("refused_for_s"u8, Seconds(now, refused, time));
        }

        var limited = key.Limited(now);
        if (limited.Count > 0)
        {
            writer.WriteStartArray("rate_limited"u8);
            foreach (var (model, end) in limited)
            {
                writer.WriteStartObject();
                writer.WriteString("model"u8, model);
                writer.WriteNumber("for_s"u8, Seconds(now, end, time));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> NameOf(CircuitState state) => state switch
    {
        CircuitState.Closed => "closed"u8,
        CircuitState.HalfOpen => "half_open"u8,
        _ => "open"u8,
    };

    private static double Seconds(long now, long until, TimeProvider time) =>
        Math.Max(0, Rounded(time.GetElapsedTime(now, until).TotalSeconds));

    private static double Rounded(double value) => Math.Round(value, 3);
}
