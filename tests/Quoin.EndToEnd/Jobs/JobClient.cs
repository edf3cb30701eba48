using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Quoin.EndToEnd.Jobs;

/// <summary>Asks a server for jobs. Not answered is null: the server was killed.</summary>
internal sealed class JobClient(Uri address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>The id of an accepted job; with its status where it was refused.</summary>
    public async Task<(HttpStatusCode Status, string? Id)?> AcceptAsync(string text, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(
                $$"""{"model":"sim","messages":[{"role":"user","content":"echo: {{text}}"}]}""", Encoding.UTF8,
                "application/json"),
        };
        request.Headers.Add("Prefer", "respond-async");
        request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var response = await _http.SendAsync(request);
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            return (response.StatusCode, response.StatusCode == HttpStatusCode.Accepted
                ? body.GetProperty("id").GetString()
                : null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The job, waited for; null where the server was killed.</summary>
    public async Task<JsonElement?> GetAsync(string id, string query = "?wait=30s")
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"/v1/jobs/{id}{query}", UriKind.Relative));
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
    }

    public static string StatusOf(JsonElement job) =>
        job.GetProperty("status").ToString();

    /// <summary>What the simulated provider said.</summary>
    public static string? TextOf(JsonElement job) =>
        job.GetProperty("result") is { ValueKind: JsonValueKind.Object } result
            ? result.GetProperty("body").GetProperty("choices")[0].GetProperty("message").GetProperty("content")
                .GetString()
            : null;

    public void Dispose() => _http.Dispose();
}
