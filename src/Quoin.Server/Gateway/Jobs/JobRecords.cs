using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Idempotency;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>On disk: numbers are added at the end and never change.</summary>
internal enum JobRecordType : byte
{
    Accepted = 1,
    Started = 2,
    Finished = 3,
    Cancelled = 4,
    WebhookSettled = 5,
}

/// <summary>
/// The payloads of the journal's records. What describes comes as JSON, so that a later version can add to it; bodies
/// follow as they are.
/// payload: length u32 (of the JSON) | JSON | body
/// </summary>
internal static class JobRecords
{
    private const int LengthBytes = 4;

    public static byte[] Accepted(JobRequest job, ReadOnlySpan<byte> body) => Write(job, body, static (w, j) =>
    {
        w.WriteString("id"u8, j.Id);
        w.WriteString("tenant"u8, j.Tenant);
        w.WriteString("api"u8, j.Api);
        w.WriteString("model"u8, j.Model);
        WriteOptional(w, "path_model"u8, j.PathModel);
        w.WriteString("endpoint"u8, j.Endpoint);
        w.WriteString("path"u8, j.Path);
        w.WriteString("request_id"u8, j.RequestId);
        w.WriteNumber("at"u8, j.Created.ToUnixTimeMilliseconds());
        WriteHeaders(w, j.Headers);
        WriteOptional(w, "key"u8, j.IdempotencyKey);
        WriteOptional(w, "fingerprint"u8, j.Fingerprint);
        WriteOptional(w, "webhook"u8, j.Webhook);
        WriteOptional(w, "replaces"u8, j.Replaces);
    });

    public static byte[] Started(string id, int attempt, DateTimeOffset at) =>
        Write((id, attempt, at), default, static (w, s) =>
        {
            w.WriteString("id"u8, s.id);
            w.WriteNumber("attempt"u8, s.attempt);
            w.WriteNumber("at"u8, s.at.ToUnixTimeMilliseconds());
        });

    public static byte[] Finished(string id, RecordedAnswer answer, DateTimeOffset at) =>
        Write((id, answer, at), answer.Body.Span, static (w, s) =>
        {
            w.WriteString("id"u8, s.id);
            w.WriteNumber("at"u8, s.at.ToUnixTimeMilliseconds());
            w.WriteNumber("status"u8, s.answer.Status);
            WriteHeaders(w, s.answer.Headers);
        });

    public static byte[] Cancelled(string id, DateTimeOffset at) => Write((id, at), default, static (w, s) =>
    {
        w.WriteString("id"u8, s.id);
        w.WriteNumber("at"u8, s.at.ToUnixTimeMilliseconds());
    });

    public static byte[] WebhookSettled(string id, bool delivered) => Write((id, delivered), default, static (w, s) =>
    {
        w.WriteString("id"u8, s.id);
        w.WriteBoolean("delivered"u8, s.delivered);
    });

    /// <summary>Reads what describes, and the body behind it; false where the payload is not one of these.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> payload, out JobRecordFields fields)
    {
        fields = new JobRecordFields();
        if (payload.Length < LengthBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(payload.Span) is var length
                && length > payload.Length - LengthBytes)
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(payload.Span.Slice(LengthBytes, (int)length));
            fields = JsonSerializer.Deserialize(ref reader, JobRecordJson.Default.JobRecordFields)
                ?? new JobRecordFields();
            fields.Body = payload[(LengthBytes + (int)length)..];
            return fields.Id is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] Write<TState>(TState state, ReadOnlySpan<byte> body, Action<Utf8JsonWriter, TState> write)
    {
        var json = new ArrayBufferWriter<byte>(512);
        JsonOutput.Write(json, (state, write), static (w, s) =>
        {
            w.WriteStartObject();
            s.write(w, s.state);
            w.WriteEndObject();
        });
        var payload = new byte[LengthBytes + json.WrittenCount + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(payload, json.WrittenCount);
        json.WrittenSpan.CopyTo(payload.AsSpan(LengthBytes));
        body.CopyTo(payload.AsSpan(LengthBytes + json.WrittenCount));
        return payload;
    }

    private static void WriteOptional(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteHeaders(Utf8JsonWriter writer, IReadOnlyList<(string Name, string Value)> headers)
    {
        writer.WriteStartArray("headers"u8);
        foreach (var (name, value) in headers)
        {
            writer.WriteStringValue(name);
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
