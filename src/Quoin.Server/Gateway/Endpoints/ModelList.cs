using System.Globalization;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway.Endpoints;

/// <summary>
/// The models that clients may name: routes, configured models, and what the providers list. OpenAI's and
/// Anthropic's clients ask on the same path; Anthropic's always send an anthropic-version header.
/// </summary>
internal sealed class ModelList(SnapshotHolder snapshots, ModelRouter router, TimeProvider time)
{
    private readonly DateTimeOffset _created = time.GetUtcNow();

    public async Task ListAsync(HttpContext http, bool gemini)
    {
        var models = await router.ListAsync(snapshots.Current, http.RequestAborted);
        if (http.Features.Get<ApiKey>() is { } key)
        {
            models = [.. models.Where(model => key.Allows(model.Name))];
        }

        using var body = new PooledBuffer();
        if (gemini)
        {
            WriteGemini(models, body);
        }
        else if (IsAnthropic(http))
        {
            WriteAnthropic(models, body);
        }
        else
        {
            WriteOpenAI(models, body);
        }

        await WriteAsync(http, 200, body);
    }

    public async Task ShowAsync(HttpContext http, bool gemini)
    {
        var name = GatewayEndpoints.Rest(http, "model");
        var snapshot = snapshots.Current;
        using var body = new PooledBuffer();
        var refused = http.Features.Get<ApiKey>() is { } key && !key.Allows(name);
        var known = !refused && name.Length is > 0 and <= Limits.ModelNameChars
            ? await router.FindAsync(snapshot, name, http.RequestAborted)
            : [];
        if (known.Count == 0)
        {
            var error = refused
                ? KeyGate.ModelRefused(name)
                : await UnknownModel.ErrorAsync(router, snapshot, name, http.RequestAborted);
            var dialect = gemini ? DialectTable.Gemini
                : IsAnthropic(http) ? DialectTable.Anthropic : DialectTable.OpenAIChat;
            dialect.WriteError(error, RequestEdge.RecordOf(http).RequestId, body);
            await WriteAsync(http, error.Status, body);
            return;
        }

        var model = new ListedModel(name, snapshot.TryGetRoute(name, out _) ? "quoin" : known[0].Upstream.Name);
        JsonOutput.Write(body, (Self: this, model, gemini, Anthropic: IsAnthropic(http)), static (w, s) =>
        {
            if (s.gemini)
            {
                WriteGemini(w, s.model);
            }
            else if (s.Anthropic)
            {
                s.Self.WriteAnthropic(w, s.model);
            }
            else
            {
                s.Self.WriteOpenAI(w, s.model);
            }
        });
        await WriteAsync(http, 200, body);
    }

    private static bool IsAnthropic(HttpContext http) => http.Request.Headers.ContainsKey("anthropic-version");

    private void WriteOpenAI(IReadOnlyList<ListedModel> models, PooledBuffer body) =>
        JsonOutput.Write(body, (Self: this, models), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("object"u8, "list"u8);
            w.WriteStartArray("data"u8);
            foreach (var model in s.models)
            {
                s.Self.WriteOpenAI(w, model);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        });

    private void WriteOpenAI(System.Text.Json.Utf8JsonWriter writer, ListedModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, model.Name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, _created.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, model.Owner);
        writer.WriteEndObject();
    }

    private void WriteAnthropic(IReadOnlyList<ListedModel> models, PooledBuffer body) =>
        JsonOutput.Write(body, (Self: this, models), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteStartArray("data"u8);
            foreach (var model in s.models)
            {
                s.Self.WriteAnthropic(w, model);
            }

            w.WriteEndArray();
            w.WriteBoolean("has_more"u8, false);
            w.WriteString("first_id"u8, s.models.Count > 0 ? s.models[0].Name : null);
            w.WriteString("last_id"u8, s.models.Count > 0 ? s.models[^1].Name : null);
            w.WriteEndObject();
        });

    private void WriteAnthropic(System.Text.Json.Utf8JsonWriter writer, ListedModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "model"u8);
        writer.WriteString("id"u8, model.Name);
        writer.WriteString("display_name"u8, model.Name);
        writer.WriteString("created_at"u8, _created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    private static void WriteGemini(IReadOnlyList<ListedModel> models, PooledBuffer body) =>
        JsonOutput.Write(body, models, static (w, list) =>
        {
            w.WriteStartObject();
            w.WriteStartArray("models"u8);
            foreach (var model in list)
            {
                WriteGemini(w, model);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        });

    private static void WriteGemini(System.Text.Json.Utf8JsonWriter writer, ListedModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, "models/" + model.Name);
        writer.WriteString("displayName"u8, model.Name);
        writer.WriteStartArray("supportedGenerationMethods"u8);
        writer.WriteStringValue("generateContent"u8);
        writer.WriteStringValue("streamGenerateContent"u8);
        writer.WriteStringValue("countTokens"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext http, int status, PooledBuffer body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
