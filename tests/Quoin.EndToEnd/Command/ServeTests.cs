using System.Net.Http.Json;
using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Command;

/// <summary><c>quoin serve</c> with no configuration: the simulated provider answers whoever asks.</summary>
public sealed class ServeTests
{
    private const string Chat = """{"model":"sim","messages":[{"role":"user","content":"echo: Hi there"}]}""";

    public static TheoryData<string, string, string> Questions =>
    [
        ("/v1/chat/completions", Chat, "choices.0.message.content"),
        ("/v1/completions", Chat, "content"),
        ("/v1/completions", """{"model":"sim","prompt":"echo: Hi there"}""", "choices.0.text"),
        ("/v1/responses", """{"model":"sim","input":"echo: Hi there"}""", "output.0.content.0.text"),
        ("/v1/messages", Chat.Replace("{\"model\"", "{\"max_tokens\":50,\"model\""), "content.0.text"),
        ("/v1beta/models/sim:generateContent", """{"contents":[{"role":"user","parts":[{"text":"echo: Hi there"}]}]}""",
            "candidates.0.content.parts.0.text"),
    ];

    [Fact]
    public async Task Without_configuration_sim_answers_in_every_dialect()
    {
        await using var quoin = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = quoin.Address };
        foreach (var (path, body, where) in Questions.Select(row => row.Data))
        {
            using var content = new StringContent(body, null, "application/json");
            using var response = await http.PostAsync(path, content, TestContext.Current.CancellationToken);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, $"{path}: {text}");
            Assert.True(Walk(JsonElement.Parse(text), where) == "Hi there", $"{path}: {text}");
        }
    }

    [Fact]
    public async Task Without_configuration_health_names_sim()
    {
        await using var quoin = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = quoin.Address };
        var health = await http.GetFromJsonAsync<JsonElement>("/health", TestContext.Current.CancellationToken);
        Assert.Equal("ok", health.GetProperty("status").GetString());
        Assert.Equal("sim", health.GetProperty("providers")[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_and_ends_the_start()
    {
        await using var first = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        await using var second = new ChildProcess(
            Workplace.Program, ["serve", "--port", $"{first.Address.Port}"], Path.GetTempPath());
        await second.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, second.ExitCode);
        Assert.Contains($"{first.Address.Port}", second.Errors, StringComparison.Ordinal);
    }

    /// <summary>The string at a path of names and indexes, null when there is none.</summary>
    private static string? Walk(JsonElement element, string path)
    {
        foreach (var step in path.Split('.'))
        {
            if (int.TryParse(step, out var index) && element.ValueKind == JsonValueKind.Array)
                element = index < element.GetArrayLength() ? element[index] : default;
            else if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(step, out element))
                return null;
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }
}
