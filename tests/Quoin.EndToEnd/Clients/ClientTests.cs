using Quoin.EndToEnd.Processes;

[assembly: AssemblyFixture(typeof(Quoin.EndToEnd.Clients.ClientRuns))]

namespace Quoin.EndToEnd.Clients;

/// <summary>
/// The official npm clients, unchanged but for the base URL, against providers of each shape that are not ours: what
/// comes through Quoin is what the provider's own client gets from the provider itself.
/// </summary>
public sealed class ClientTests(ClientRuns runs)
{
    /// <summary>What a provider of that shape has no API for.</summary>
    private static readonly HashSet<(string Same, string Shape)> Impossible = [("embeddings", "anthropic")];

    /// <summary>What the mock does not serve: Gemini's batches of embeddings, and counting tokens.</summary>
    private static readonly HashSet<(string Same, string Shape)> NotServed =
        [("embeddings", "gemini"), ("count tokens", "anthropic"), ("count tokens", "gemini")];

    public static TheoryData<string, string, string> Answers => Rows(isFault: false);

    public static TheoryData<string, string, string> Faults => Rows(isFault: true);

    [Theory]
    [MemberData(nameof(Answers))]
    public void A_client_gets_through_Quoin_what_the_provider_says(string script, string name, string shape)
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, $"end-to-end clients ({Workplace.ClientsMissing})");
        var model = ClientRuns.Models[shape];
        var asked = Case(script, name);
        var answer = runs.Through(script, model, name);
        if (Impossible.Contains((asked.Same, shape)))
            Assert.True(answer.Status == 400, answer.Content);
        else if (asked.Same == "models")
            Assert.True(answer.Line.GetProperty("listed").GetBoolean(), answer.Content);
        else if (asked.Same == "count tokens")
            Assert.True(answer.Ok && answer.Line.GetProperty("counted").GetBoolean(), answer.Content);
        else
            AssertSame(Reference(asked, shape), answer);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_of_the_provider_is_an_error_for_the_client(string script, string name, string shape)
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, $"end-to-end clients ({Workplace.ClientsMissing})");
        var answer = runs.Through(script, ClientRuns.Models[shape], name);
        Assert.False(answer.Ok, answer.Content);
        int?[] expected = Case(script, name).Same switch
        {
            "rate-limit" => [429],
            "overloaded" => [503, 529],
            "context-length" => [400],
            "server-error" or "malformed" or "disconnect" => [502],

            // The answer had begun: the error comes inside the stream and may carry no status.
            _ => [null, 502],
        };
        Assert.True(expected.Contains(answer.Status), answer.Content);
    }

    [Fact]
    public void No_client_did_anything_that_is_not_judged()
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, $"end-to-end clients ({Workplace.ClientsMissing})");
        Assert.Empty(runs.CasesSeen.Except(ClientCase.All.Select(c => (c.Script, c.Name))));
    }

    /// <summary>Both in full: the difference is seldom at the start.</summary>
    private static void AssertSame(ClientAnswer direct, ClientAnswer answer)
    {
        Assert.True(direct.Ok, direct.Content);
        Assert.True(
            direct.Content == answer.Content, $"directly:      {direct.Content}\nthrough Quoin: {answer.Content}");
    }

    private static ClientCase Case(string script, string name) =>
        ClientCase.All.Single(c => c.Script == script && c.Name == name);

    private static TheoryData<string, string, string> Rows(bool isFault)
    {
        var rows = new TheoryData<string, string, string>();
        foreach (var asked in ClientCase.All.Where(c => c.IsFault == isFault))
        {
            foreach (var shape in ClientRuns.Models.Keys.Where(shape => !NotServed.Contains((asked.Same, shape))))
                rows.Add(asked.Script, asked.Name, shape);
        }

        return rows;
    }

    /// <summary>
    /// In the provider's own dialect: what the same client gets from it directly. Otherwise: what the provider's own
    /// client gets, and for what that cannot ask, what the OpenAI client gets.
    /// </summary>
    private ClientAnswer Reference(ClientCase asked, string shape)
    {
        if (string.Equals(asked.Speech.ToString(), shape, StringComparison.OrdinalIgnoreCase))
            return runs.Directly(asked.Script, ClientRuns.Models[shape], asked.Name);
        if (asked.Same == "object")
            return runs.Directly("vercel", ClientRuns.Models["openai"], "chat object");
        var script = ClientCase.All.Any(c => c.Script == shape && c.Name == asked.Same) ? shape : "openai";
        return runs.Directly(script, ClientRuns.Models[script], asked.Same);
    }
}
