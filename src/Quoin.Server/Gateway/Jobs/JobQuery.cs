using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>What the list of jobs is asked for: <c>?limit=20&amp;status=failed&amp;cursor=…</c>.</summary>
internal sealed record JobQuery(int Limit, JobStatus? Status, string? Before)
{
    /// <summary>False: something is wrong with it, and <paramref name="fault"/> says what.</summary>
    public static bool TryRead(
        IQueryCollection query, [NotNullWhen(true)] out JobQuery? read, out FieldFault fault)
    {
        (read, fault) = (null, default);
        var (limit, status, before) = (JobLimits.DefaultPage, (JobStatus?)null, (string?)null);
        if (query.TryGetValue("limit", out var limitText)
            && (!int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                || limit is < 1 or > JobLimits.Page))
        {
            fault = new FieldFault("limit", "out of range", $"1..{JobLimits.Page}");
            return false;
        }

        if (query.TryGetValue("status", out var statusText))
        {
            if (Array.FindIndex(Enum.GetValues<JobStatus>(), s => JobMetrics.NameOf(s) == statusText) is var found
                && found < 0)
            {
                fault = new FieldFault(
                    "status", "not a status",
                    string.Join(", ", Enum.GetValues<JobStatus>().Select(JobMetrics.NameOf)));
                return false;
            }

            status = (JobStatus)found;
        }

        if (query.TryGetValue("cursor", out var cursor) && !TryReadCursor(cursor.ToString(), out before))
        {
            fault = new FieldFault("cursor", "not a cursor", "next_cursor of the page before");
            return false;
        }

        read = new JobQuery(limit, status, before);
        return true;
    }

    public static string CursorOf(Job last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(last.Id));

    private static bool TryReadCursor(string cursor, out string? id)
    {
        id = null;
        if (cursor.Length > 128 || !Base64Url.IsValid(cursor))
        {
            return false;
        }

        id = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return id.StartsWith("job_", StringComparison.Ordinal);
    }
}
