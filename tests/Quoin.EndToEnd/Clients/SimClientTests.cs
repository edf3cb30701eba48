using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Clients;

/// <summary>The official npm clients against the simulated provider, in every dialect.</summary>
public sealed class SimClientTests(ClientRuns runs)
{
    public static TheoryData<string, string> Cases =>
        [.. ClientCase.All.Where(c => !c.IsFault).Select(c => (c.Script, c.Name))];

    /// <summary>Ways to say hello: two cases of one client that must bring the same text.</summary>
    public static TheoryData<string, string, string> Pairs =>
    [
        ("openai", "chat streamed", "chat iterated"),
        ("openai", "chat streamed", "responses streamed"),
        ("anthropic", "chat streamed", "chat"),
        ("gemini", "chat streamed", "chat"),
        ("vercel", "chat text streamed", "chat text"),
        ("vercel", "responses text streamed", "responses text"),
        ("vercel", "anthropic text streamed", "anthropic text"),
        ("vercel", "google text streamed", "google text"),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_client_is_answered_in_its_dialect(string script, string name)
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, $"end-to-end clients ({Workplace.ClientsMissing})");
        var answer = runs.Through(script, ClientRuns.SimModel, name);
        Assert.True(answer.Ok, answer.Content);
        var line = answer.Line;
        switch (ClientCase.All.Single(c => c.Script == script && c.Name == name).Same)
        {
            case "chat":
            case "tool results":
                Assert.Equal("stop", line.GetProperty("finish").GetString());
                Assert.NotEmpty(line.GetProperty("text").GetString()!);
                AssertCounted(line);
                break;
            case "tools":
                Assert.Equal("tool_calls", line.GetProperty("finish").GetString());
                var call = Assert.Single(line.GetProperty("tools").EnumerateArray());
                Assert.Equal("get_weather", call.GetProperty("name").GetString());
                Assert.Equal(JsonValueKind.String, call.GetProperty("args").GetProperty("city").ValueKind);
                Assert.Equal(JsonValueKind.Number, call.GetProperty("args").GetProperty("days").ValueKind);
                AssertCounted(line);
                break;
            case "length":
                Assert.Equal("length", line.GetProperty("finish").GetString());
                break;
            case "json schema":
                AssertPerson(JsonElement.Parse(line.GetProperty("text").GetString()!));
                break;
            case "object":
                AssertPerson(line.GetProperty("object"));
                break;
            case "embeddings":
                Assert.Equal(2, line.GetProperty("vectors").GetArrayLength());
                Assert.NotEqual(0, line.GetProperty("vectors")[0].GetArrayLength());
                break;
            case "models":
                Assert.True(line.GetProperty("listed").GetBoolean());
                break;
            case "count tokens":
                Assert.True(line.GetProperty("counted").GetBoolean());
                break;
            default:
                Assert.Fail($"'{name}' of {script} is not judged");
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void The_same_question_has_the_same_answer(string script, string one, string other)
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, $"end-to-end clients ({Workplace.ClientsMissing})");
        Assert.Equal(Text(script, one), Text(script, other));
    }

    private static void AssertCounted(JsonElement line)
    {
        Assert.NotEqual(0, line.GetProperty("usage").GetProperty("input").GetInt32());
        Assert.NotEqual(0, line.GetProperty("usage").GetProperty("output").GetInt32());
    }

    private static void AssertPerson(JsonElement person)
    {
        Assert.Equal(JsonValueKind.String, person.GetProperty("name").ValueKind);
        Assert.True(person.GetProperty("age").TryGetInt64(out _), person.GetRawText());
    }

    private string? Text(string script, string name) =>
        runs.Through(script, ClientRuns.SimModel, name).Line.GetProperty("text").GetString();
}
