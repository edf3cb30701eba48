using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Control;

/// <summary>
/// <c>GET /api/v1/cache</c>: what the cache holds and did. <c>DELETE /api/v1/cache?key=&amp;route=&amp;tenant=</c>:
/// removes what all given parts match, everything when none is given, and says how many.
/// </summary>
internal static class CacheApi
{
    public static RouteGroupBuilder MapCache(this RouteGroupBuilder control, CacheHolder caches)
    {
        control.MapGet("/cache", http => ShowAsync(http, caches));
        control.MapDelete("/cache", http => PurgeAsync(http, caches));
        return control;
    }

    private static Task ShowAsync(HttpContext http, CacheHolder caches) =>
        WriteAsync(http, caches, static (w, caches) =>
        {
            var (metrics, cache) = (caches.Metrics, caches.Current);
            var hits = metrics.Read(CacheOutcome.Hit) + metrics.Read(CacheOutcome.Stale);
            var coalesced = metrics.Read(CacheOutcome.Coalesced);
            var misses = metrics.Read(CacheOutcome.Miss);
            var asked = hits + coalesced + misses;
            w.WriteStartObject();
            w.WriteBoolean("enabled"u8, cache is not null);
            w.WriteNumber("hits"u8, hits);
            w.WriteNumber("misses"u8, misses);
            w.WriteNumber("coalesced"u8, coalesced);
            w.WriteNumber("stale"u8, metrics.Read(CacheOutcome.Stale));
            w.WriteNumber("bypassed"u8, metrics.Read(CacheOutcome.Bypass));
            w.WriteNumber("hit_rate"u8, asked == 0 ? 0 : Math.Round((double)(hits + coalesced) / asked, 4));
            if (cache is not null)
            {
                var size = cache.Store.Size;
                w.WriteString("type"u8, cache.Store.Type);
                w.WriteNumber("size"u8, size.Entries ?? 0);
                if (size.Bytes is { } bytes)
                {
                    w.WriteNumber("bytes"u8, bytes);
                }

                w.WriteNumber("waiting"u8, cache.Waiting);
                w.WriteNumber("evictions"u8, size.Evictions);
                w.WriteString("max_size"u8, cache.Options.MaxSize);
                w.WriteNumber("ttl_seconds"u8, cache.Options.Ttl.TotalSeconds);
            }

            w.WriteEndObject();
        });

    private static async Task PurgeAsync(HttpContext http, CacheHolder caches)
    {
        CacheKey? key = null;
        foreach (var name in http.Request.Query.Keys)
        {
            if (name is not ("key" or "route" or "tenant"))
            {
                await RefuseAsync(http, new FieldFault(name, "is no part of a purge", "key, route, tenant"));
                return;
            }
        }

        if ((string?)http.Request.Query["key"] is { } text)
        {
            if (!CacheKey.TryParse(text, out var read))
            {
                await RefuseAsync(http, new FieldFault(
                    "key", "is no key", "64 hexadecimal digits, as in the header X-Quoin-Cache-Key"));
                return;
            }

            key = read;
        }

        var (removed, complete) = caches.Current is { } cache
            ? await cache.Store.PurgeAsync(
                new CachePurge(key, http.Request.Query["route"], http.Request.Query["tenant"]), http.RequestAborted)
            : new CachePurged(0, Complete: true);
        if (!complete)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await ProblemDetails.WriteAsync(
                http, RequestEdge.RecordOf(http),
                $"the {caches.Current?.Store.Type} cache does not answer, and may hold more; removed: {removed}");
            return;
        }

        await WriteAsync(http, removed, static (w, removed) =>
        {
            w.WriteStartObject();
            w.WriteNumber("removed"u8, removed);
            w.WriteEndObject();
        });
    }

    private static Task RefuseAsync(HttpContext http, FieldFault fault)
    {
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        return ProblemDetails.WriteAsync(
            http, RequestEdge.RecordOf(http), $"{fault.Field} {fault.Reason}", fault);
    }

    private static async Task WriteAsync<T>(
        HttpContext http, T state, Action<System.Text.Json.Utf8JsonWriter, T> write)
    {
        using var body = new PooledBuffer(1024);
        JsonOutput.Write(body, state, write);
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
