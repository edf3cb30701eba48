using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Http;
using Quoin.Server.Configuration.Binding;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Storage.Journal;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// <c>/v1/jobs</c> for those whose jobs they are, <c>/api/v1/jobs</c> for the operator, who sees all. Polls end when
/// the server stops.
/// </summary>
/// <param name="tenantOf">Whose requests these are; null: the operator's.</param>
internal sealed class JobEndpoints(JobDesk desk, Func<HttpContext, string>? tenantOf, CancellationToken stopping)
{
    /// <param name="root">Such as <c>/v1</c>; empty in a group that has one.</param>
    public void Map(IEndpointRouteBuilder routes, string root)
    {
        routes.MapGet(root + "/jobs", ListAsync);
        routes.MapGet(root + "/jobs/{id}", GetAsync).RequestTimeout(TimeSpan.Zero);
        routes.MapDelete(root + "/jobs/{id}", CancelAsync);
    }

    private async Task ListAsync(HttpContext http)
    {
        if (!JobQuery.TryRead(http.Request.Query, out var query, out var fault))
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "the query cannot be answered", fault);
            return;
        }

        var jobs = desk.Table.List(tenantOf?.Invoke(http), query.Status, query.Before, query.Limit);
        await WriteAsync(http, (Jobs: jobs, query.Limit, Operator: tenantOf is null), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("object"u8, "list"u8);
            w.WriteStartArray("data"u8);
            foreach (var job in s.Jobs.Take(s.Limit))
            {
                JobJson.Write(w, job, withResult: false, withTenant: s.Operator);
            }

            w.WriteEndArray();
            var more = s.Jobs.Count > s.Limit;
            w.WriteBoolean("has_more"u8, more);
            w.WriteString("next_cursor"u8, more ? JobQuery.CursorOf(s.Jobs[s.Limit - 1]) : null);
            w.WriteEndObject();
        });
    }

    private async Task GetAsync(HttpContext http)
    {
        if (await FindAsync(http) is not { } entry)
        {
            return;
        }

        if (http.Request.Query.TryGetValue("wait", out var wait))
        {
            if (!TryReadWait(wait.ToString(), out var limit))
            {
                await RefuseAsync(
                    http, StatusCodes.Status400BadRequest, "the wait cannot be granted",
                    new FieldFault("wait", "not a wait", $"0s..{JobLimits.Wait.TotalSeconds:0}s"));
                return;
            }

            using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
            try
            {
                await desk.WaitAsync(entry, limit, ending.Token);
            }
            catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
            {
                // The server stops: the job is told as it is.
            }
        }

        await WriteJobAsync(http, entry.Job);
    }

    private async Task CancelAsync(HttpContext http)
    {
        if (await FindAsync(http) is not { } entry)
        {
            return;
        }

        if (await desk.CancelAsync(entry) != JournalResult.Durable)
        {
            http.Response.Headers.RetryAfter =
                JobLimits.RetryAfterFault.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            await RefuseAsync(
                http, StatusCodes.Status503ServiceUnavailable, "the disk of the jobs does not take the cancellation");
        }
        else if (entry.Job.Status == JobStatus.Cancelled)
        {
            await WriteJobAsync(http, entry.Job);
        }
        else
        {
            await RefuseAsync(
                http, StatusCodes.Status409Conflict, $"the job has {JobMetrics.NameOf(entry.Job.Status)} already");
        }
    }

    /// <summary>Null: it was answered that there is no such job.</summary>
    private async Task<JobEntry?> FindAsync(HttpContext http)
    {
        var entry = desk.Find(tenantOf?.Invoke(http), (string?)http.Request.RouteValues["id"] ?? "");
        if (entry is null)
        {
            await RefuseAsync(
                http, StatusCodes.Status404NotFound, "there is no such job; a result is kept for jobs.retention");
        }

        return entry;
    }

    private static bool TryReadWait(string text, out TimeSpan wait) =>
        (Durations.TryParse(text, out wait)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && TimeSpan.FromSeconds(seconds) is var parsed && (wait = parsed) >= TimeSpan.Zero))
        && wait <= JobLimits.Wait;

    private Task WriteJobAsync(HttpContext http, Job job) => WriteAsync(
        http, (job, Operator: tenantOf is null),
        static (w, s) => JobJson.Write(w, s.job, withResult: true, withTenant: s.Operator));

    private static async Task WriteAsync<TState>(
        HttpContext http, TState state, Action<System.Text.Json.Utf8JsonWriter, TState> write)
    {
        using var body = new PooledBuffer();
        JsonOutput.Write(body, state, write);
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext http, int status, string detail, params FieldFault[] faults)
    {
        http.Response.StatusCode = status;
        return ProblemDetails.WriteAsync(http, RequestEdge.RecordOf(http), detail, faults);
    }
}
