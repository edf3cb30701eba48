using System.Text;
using System.Text.Json;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>A job as clients see it.</summary>
internal static class JobJson
{
    public static string PathOf(Job job) => "/v1/jobs/" + job.Id;

    /// <param name="withResult">False: as it stands in a list.</param>
    /// <param name="withTenant">For the operator.</param>
    public static void Write(Utf8JsonWriter writer, Job job, bool withResult, bool withTenant = false)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, job.Id);
        writer.WriteString("object"u8, "job"u8);
        writer.WriteString("status"u8, JobMetrics.NameOf(job.Status));
        if (withTenant)
        {
            writer.WriteString("tenant"u8, job.Request.Tenant);
        }

        writer.WriteString("endpoint"u8, job.Request.Path);
        writer.WriteString("model"u8, job.Request.Model);
        writer.WriteString("request_id"u8, job.Request.RequestId);
        WriteTime(writer, "created_at"u8, job.Request.Created);
        WriteTime(writer, "started_at"u8, job.Started);
        WriteTime(writer, "finished_at"u8, job.Finished);
        writer.WriteNumber("attempts"u8, job.Attempts);
        if (job.Webhook != WebhookStatus.None)
        {
            writer.WriteString("webhook"u8, job.Webhook switch
            {
                WebhookStatus.Delivered => "delivered"u8,
                WebhookStatus.Failed => "failed"u8,
                _ => "pending"u8,
            });
        }

        if (withResult)
        {
            WriteResult(writer, job);
        }

        writer.WriteEndObject();
    }

    /// <summary>Whole seconds, as the APIs that clients know write them.</summary>
    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            writer.WriteNumber(name, known.ToUnixTimeSeconds());
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteResult(Utf8JsonWriter writer, Job job)
    {
        if (job.Result is not { } result)
        {
            writer.WriteNull("result"u8);
            return;
        }

        writer.WriteStartObject("result"u8);
        writer.WriteNumber("status_code"u8, result.Status);
        writer.WriteStartObject("headers"u8);
        foreach (var (name, value) in result.Headers)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WritePropertyName("body"u8);
        if (IsJson(result.Body.Span))
        {
            writer.WriteRawValue(result.Body.Span, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(Encoding.UTF8.GetString(result.Body.Span));
        }

        writer.WriteEndObject();
    }

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.JsonDepth * 2 });
            var any = false;
            while (reader.Read())
            {
                any = true;
            }

            return any && System.Text.Unicode.Utf8.IsValid(body);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
