using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Sim;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Sim;

/// <summary>Calls a <see cref="SimEngine"/> and reads its replies, without playing them.</summary>
internal sealed class SimCaller
{
    public const string Chat = "/v1/chat/completions";

    public static readonly SimDialects Dialects =
        new(new FakeDialect(), new FakeDialect(), DialectTable.OpenAICompletions, new FakeDialect(), new FakeDialect());

    public SimCaller(
        string scenario = "", SimOptions? options = null, bool control = false, SimDialects? dialects = null)
    {
        Engine = new SimEngine(
            options ?? new SimOptions(), SimScenarioReader.Parse(scenario, "test.yaml"), dialects ?? Dialects, Time,
            control);
    }

    public JumpingTime Time { get; } = new();

    public SimEngine Engine { get; }

    public static string Ask(string text, string more = "") => $$"""
        {"model":"m","messages":[{"role":"user","content":{{JsonSerializer.Serialize(text)}}}]{{more}}}
        """;

    public SimReply Send(string body, string path = Chat, string method = "POST", string headers = "")
    {
        var parts = path.Split('?', 2);
        var given = headers.Split('|', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(": ", 2))
            .ToDictionary(line => line[0], line => line[1], StringComparer.OrdinalIgnoreCase);
        return Engine.Answer(new SimRequest(
            method, parts[0], parts.Length > 1 ? "?" + parts[1] : "", name => given.GetValueOrDefault(name),
            Encoding.UTF8.GetBytes(body)));
    }

    public JsonElement Json(string body, string path = Chat, string method = "POST", string headers = "")
    {
        var reply = Send(body, path, method, headers);
        Assert.Null(reply.Steps);
        return JsonDocument.Parse(reply.Body).RootElement;
    }

    /// <summary>The steps with their bytes as text.</summary>
    public static List<(TimeSpan Due, string Text, SimEnding Ending)> Steps(SimReply reply) =>
        [.. reply.Steps!.Select(step => (step.Due, Encoding.UTF8.GetString(step.Bytes.Span), step.Ending))];

    public static string Text(SimReply reply) => reply.Steps is null
        ? Encoding.UTF8.GetString(reply.Body.Span)
        : string.Concat(Steps(reply).Select(step => step.Text));

    /// <summary>The texts of the deltas of a fake stream.</summary>
    public static List<string> Deltas(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.Contains("BlockDelta", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("text").GetString()!)];
}
