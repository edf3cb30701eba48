using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Control;

/// <summary>
/// <c>GET /api/v1/usage?by=day,key,provider,model&amp;key=…&amp;from=2026-01-01&amp;to=…&amp;limit=50&amp;cursor=…</c>:
/// what requests used and cost, summed up by what <c>by</c> names, the latest day first.
/// </summary>
internal static class UsageEndpoints
{
    private const string Day = "yyyy-MM-dd";

    public static void MapUsage(this RouteGroupBuilder control, UsageService? usage) =>
        control.MapGet("/usage", http => ShowAsync(http, usage));

    private static async Task ShowAsync(HttpContext http, UsageService? usage)
    {
        if (usage is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await ProblemDetails.WriteAsync(
                http, RequestEdge.RecordOf(http), "usage is not kept: no database is configured (database.url)");
            return;
        }

        if (!TryRead(http.Request.Query, out var query, out var fault))
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            await ProblemDetails.WriteAsync(
                http, RequestEdge.RecordOf(http), $"{fault.Field} is {fault.Reason}", fault);
            return;
        }

        var complete = await FlushAsync(usage.Stage.Writer, http);
        var rows = await Task.Run(() => usage.Reader().Read(query with { Limit = query.Limit + 1 }));
        using var body = new PooledBuffer();
        JsonOutput.Write(body, (query, rows, usage.Stage.Writer, complete), static (w, s) =>
            Write(w, s.query, s.rows, s.Writer, s.complete));
        await ControlAnswer.SendAsync(http, body);
    }

    /// <summary>What was used until now shall be among it.</summary>
    private static async Task<bool> FlushAsync(UsageWriter writer, HttpContext http)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(UsageLimits.FlushTime);
        try
        {
            return !writer.Failing && await writer.FlushAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return false;
        }
    }

    private static void Write(
        Utf8JsonWriter w, UsageQuery query, IReadOnlyList<UsageRow> rows, UsageWriter writer, bool complete)
    {
        w.WriteStartObject();
        w.WriteStartArray("data"u8);
        foreach (var row in rows.Take(query.Limit))
        {
            w.WriteStartObject();
            for (var i = 0; i < query.By.Count; i++)
            {
                w.WriteString(query.By[i], row.Dimensions[i]);
            }

            w.WriteNumber("requests"u8, row.Requests);
            w.WriteNumber("errors"u8, row.Errors);
            w.WriteNumber("cache_hits"u8, row.CacheHits);
            w.WriteNumber("estimated"u8, row.Estimated);
            w.WriteNumber("input_tokens"u8, row.Use.Input);
            w.WriteNumber("output_tokens"u8, row.Use.Output);
            w.WriteNumber("cached_input_tokens"u8, row.Use.CachedInput);
            w.WriteNumber("cache_write_tokens"u8, row.Use.CacheWrite);
            w.WriteNumber("reasoning_tokens"u8, row.Use.Reasoning);
            w.WriteNumber("cost_usd"u8, Price.Dollars(row.Cost));
            w.WriteEndObject();
        }

        w.WriteEndArray();
        if (rows.Count > query.Limit)
        {
            w.WriteString("next_cursor"u8, CursorOf(rows[query.Limit - 1].Dimensions));
        }

        w.WriteBoolean("complete"u8, complete && writer.Lost == 0);
        w.WriteNumber("lost"u8, writer.Lost);
        w.WriteEndObject();
    }

    private static bool TryRead(
        IQueryCollection given, [NotNullWhen(true)] out UsageQuery? query, out FieldFault fault)
    {
        (query, fault) = (null, default);
        foreach (var name in given.Keys)
        {
            if (name is not ("by" or "from" or "to" or "limit" or "cursor" or "key" or "provider" or "model"))
            {
                fault = new FieldFault(name, "no part of it", "by, key, provider, model, from, to, limit, cursor");
                return false;
            }
        }

        var by = given.TryGetValue("by", out var byText)
            ? byText.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries)
            : UsageReader.Dimensions;
        if (by.Except(UsageReader.Dimensions, StringComparer.Ordinal).Any() || by.Distinct().Count() != by.Length)
        {
            fault = new FieldFault("by", "not a list of what is told apart", string.Join(", ", UsageReader.Dimensions));
            return false;
        }

        var limit = UsageLimits.DefaultPage;
        if (given.TryGetValue("limit", out var limitText)
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                || limit is < 1 or > UsageLimits.Page))
        {
            fault = new FieldFault("limit", "out of range", $"1..{UsageLimits.Page}");
            return false;
        }

        if (!TryReadDay(given, "from", out var from, out fault) || !TryReadDay(given, "to", out var to, out fault)
            || !TryReadCursor(given, by, out var after, out fault))
        {
            return false;
        }

        string[] filters = ["key", "provider", "model"];
        query = new UsageQuery(
            by,
            filters.Where(given.ContainsKey).ToDictionary(name => name, name => given[name].ToString()),
            from, to, limit, after);
        return true;
    }

    private static bool TryReadDay(IQueryCollection given, string name, out DateOnly? day, out FieldFault fault)
    {
        (day, fault) = (null, default);
        if (!given.TryGetValue(name, out var text))
        {
            return true;
        }

        var read = DateOnly.TryParseExact(
            text, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var found);
        (day, fault) = (found, new FieldFault(name, "not a day", "such as 2026-01-31"));
        return read;
    }

    private static string CursorOf(IReadOnlyList<string> dimensions) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(dimensions));

    private static bool TryReadCursor(
        IQueryCollection given, string[] by, out IReadOnlyList<string>? after, out FieldFault fault)
    {
        (after, fault) = (null, new FieldFault("cursor", "not a cursor", "next_cursor of the page before"));
        if (!given.TryGetValue("cursor", out var cursor))
        {
            return true;
        }

        var text = cursor.ToString();
        if (text.Length > 4096 || !Base64Url.IsValid(text))
        {
            return false;
        }

        try
        {
            after = JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(text));
        }
        catch (JsonException)
        {
            return false;
        }

        return after is not null && after.Count == by.Length && after.All(part => part is not null)
            && (Array.IndexOf(by, "day") is var day && (day < 0 || DateOnly.TryParseExact(after[day], Day, out _)));
    }
}
