using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

public sealed class SimScenarioTests
{
    private static readonly string Ask = SimCaller.Ask("Hello");

    [Fact]
    public void The_first_rule_that_matches_and_is_due_decides()
    {
        var caller = new SimCaller(
            """
            rules:
              - {match: {model: other}, fault: {type: error, status: 501}}
              - {match: {model: "m*"}, fault: {type: error, status: 502}, times: 1}
              - {fault: {type: error, status: 503}, times: 1}
            """);
        Assert.Equal([502, 503, 200], Enumerable.Range(0, 3).Select(_ => caller.Send(Ask).Status));
    }

    [Fact]
    public void Rules_skip_repeat_and_end()
    {
        var caller = new SimCaller("rules: [{fault: error, after: 2, every: 3, times: 2}]");
        Assert.Equal(
            [200, 200, 200, 200, 500, 200, 200, 500, 200, 200, 200],
            Enumerable.Range(0, 11).Select(_ => caller.Send(Ask).Status));
    }

    [Fact]
    public void A_rule_lasts_from_its_first_match_on()
    {
        var caller = new SimCaller("rules: [{fault: error, for: 60s}]");
        caller.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(500, caller.Send(Ask).Status);
        caller.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(500, caller.Send(Ask).Status);
        caller.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, caller.Send(Ask).Status);
    }

    [Theory]
    [InlineData("{model: \"gpt-*\"}", false)]
    [InlineData("{model: \"*\"}", true)]
    [InlineData("{dialect: openai-chat}", true)]
    [InlineData("{dialect: anthropic}", false)]
    [InlineData("{stream: false}", true)]
    [InlineData("{stream: true}", false)]
    [InlineData("{operation: chat}", true)]
    [InlineData("{operation: embeddings}", false)]
    [InlineData("{header: {X-Tenant: \"a*\"}}", true)]
    [InlineData("{header: {x-tenant: b}}", false)]
    [InlineData("{header: {x-other: \"*\"}}", false)]
    [InlineData("{model: m, stream: false, header: {x-tenant: acme}}", true)]
    public void All_conditions_of_a_match_must_hold(string match, bool expected)
    {
        var caller = new SimCaller($"rules: [{{match: {match}, fault: error}}]");
        Assert.Equal(expected ? 500 : 200, caller.Send(Ask, headers: "x-tenant: acme").Status);
    }

    [Fact]
    public void The_list_of_models_is_struck_only_by_name_of_the_operation()
    {
        Assert.Equal(200, new SimCaller("rules: [{fault: error}]").Send("", "/v1/models", "GET").Status);
        Assert.Equal(500, new SimCaller("rules: [{match: {operation: models}, fault: error}]")
            .Send("", "/v1/models", "GET").Status);
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("*", "", true)]
    [InlineData("a*c", "abbc", true)]
    [InlineData("a*c", "abbd", false)]
    [InlineData("*b*", "abc", true)]
    [InlineData("a**", "a", true)]
    [InlineData("a", "ab", false)]
    [InlineData("*ab", "aab", true)]
    public void Patterns_match_runs_of_any_characters(string pattern, string text, bool expected) =>
        Assert.Equal(expected, SimMatch.Glob(pattern, text));

    [Theory]
    [InlineData("rules: 7", "t.yaml:1:8: rules: found 7; accepted: a list of at most 1000 rules")]
    [InlineData("fault: x", "t.yaml:1:8: fault: unknown key; accepted: faults_by_header, rules")]
    [InlineData("- x", "t.yaml:1:1: found a list; accepted: faults_by_header, rules")]
    [InlineData("faults_by_header: yes", "t.yaml:1:19: faults_by_header: found yes; accepted: true, false")]
    [InlineData("rules:\n- times: 2", "t.yaml:2:3: rules[0]: fault is missing; accepted: rate_limit, error, reset")]
    [InlineData("rules:\n- fault: cutt", "t.yaml:2:10: rules[0].fault: found cutt; accepted: rate_limit, error")]
    [InlineData(
        "rules:\n- fault: {type: cut, after: -1}",
        "t.yaml:2:29: rules[0].fault.after: found -1; accepted: an integer from 0 to 1000000")]
    [InlineData(
        "rules:\n- fault: {type: cut, status: 500}",
        "t.yaml:2:30: rules[0].fault.status: found 500; accepted: cut takes after, ending")]
    [InlineData(
        "rules:\n- fault: {type: no_response, after: 1}",
        "t.yaml:2:37: rules[0].fault.after: found 1; accepted: no_response takes no parameters")]
    [InlineData("rules:\n- fault: {after: 1}", "t.yaml:2:10: rules[0].fault: type is missing; accepted: rate_limit")]
    [InlineData(
        "rules:\n- {fault: error, times: 0}", "rules[0].times: found 0; accepted: an integer from 1 to 1000000")]
    [InlineData("rules:\n- {fault: error, for: 25h}", "rules[0].for: found 25h; accepted: a duration from 0s to 24h")]
    [InlineData("rules:\n- {fault: error, when: 1}", "rules[0].when: unknown key; accepted: name, match, fault, after")]
    [InlineData(
        "rules:\n- {fault: error, match: {dialect: openai}}",
        "rules[0].match.dialect: found openai; accepted: openai-chat, openai-responses")]
    [InlineData("rules:\n- {fault: error, match: {modell: x}}", "rules[0].match.modell: unknown key; accepted: model,")]
    [InlineData("rules:\n- {fault: {type: error, status: 200}}", "status: found 200; accepted: an integer from 400")]
    [InlineData("rules: [", "t.yaml:2:1: ")]
    [InlineData("rules: []\nrules: []", "t.yaml:2:")]
    public void Errors_tell_the_place_and_what_is_accepted(string yaml, string expected)
    {
        var e = Assert.Throws<SimScenarioException>(() => SimScenarioReader.Parse(yaml, "t.yaml"));
        Assert.Contains(expected, Assert.Single(e.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var e = Assert.Throws<SimScenarioException>(() => SimScenarioReader.Parse(
            "rules:\n- {fault: nope, times: x}\n- {match: {stream: 1}}\n", "t.yaml"));
        Assert.Equal([2, 2, 3, 3], e.Errors.Select(error => int.Parse(error.Split(':')[1])));
    }

    [Fact]
    public void An_absent_file_is_named()
    {
        var e = Assert.Throws<SimScenarioException>(() => SimScenarioReader.Load("/nowhere/faults.yaml"));
        Assert.StartsWith("/nowhere/faults.yaml: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_has_no_faults() => Assert.Empty(SimScenarioReader.Parse("", "t.yaml").Rules);

    [Fact]
    public void The_sample_shows_every_fault()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Quoin.slnx")))
        {
            folder = folder.Parent;
        }

        var scenario = SimScenarioReader.Load(Path.Combine(folder.FullName, "samples", "sim", "faults.yaml"));
        Assert.True(scenario.FaultsByHeader);
        Assert.Equal(
            Enum.GetValues<SimFaultKind>(), scenario.Rules.Select(rule => rule.Fault.Kind).Distinct().Order());
    }

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("0", 0)]
    [InlineData("24h", 86_400_000)]
    [InlineData("", null)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("5 s", null)]
    [InlineData("1d", null)]
    [InlineData("99999999999h", null)]
    public void Durations_have_units(string text, int? milliseconds) => Assert.Equal(
        milliseconds is { } ms ? TimeSpan.FromMilliseconds(ms) : null, SimValues.Duration(text));
}
