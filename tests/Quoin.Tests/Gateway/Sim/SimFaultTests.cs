using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

public sealed class SimFaultTests
{
    private static readonly string Whole = SimCaller.Ask("Hello");
    private static readonly string Streamed = SimCaller.Ask("Hello", ",\"stream\":true");

    [Theory]
    [InlineData("{type: rate_limit, retry_after: 1500ms}", 429, "2", "RateLimited", "rate_limit_exceeded")]
    [InlineData("rate_limit", 429, null, "RateLimited", "rate_limit_exceeded")]
    [InlineData("error", 500, null, "Internal", null)]
    [InlineData("{type: error, status: 503, retry_after: 3s}", 503, "3", "Overloaded", null)]
    [InlineData("{type: error, status: 529}", 529, null, "Overloaded", null)]
    [InlineData("context_length", 400, null, "ContextLength", "context_length_exceeded")]
    [InlineData("content_filter", 400, null, "ContentFilter", "content_filter")]
    public void Refusals_have_their_status_their_error_and_their_retry_after(
        string fault, int status, string? retryAfter, string kind, string? code)
    {
        foreach (var body in new[] { Whole, Streamed })
        {
            var reply = With(fault).Send(body);
            Assert.Equal(status, reply.Status);
            Assert.Equal(
                retryAfter, reply.Headers.Where(h => h.Key == "Retry-After").Select(h => h.Value).SingleOrDefault());
            var error = JsonDocument.Parse(reply.Body).RootElement;
            Assert.Equal(kind, error.GetProperty("kind").GetString());
            Assert.Equal(code, error.GetProperty("code").GetString());
        }
    }

    [Fact]
    public void An_error_may_have_a_body_of_its_own()
    {
        var reply = With("{type: error, status: 502, body: <html>bad</html>, content_type: text/html}").Send(Whole);
        Assert.Equal(502, reply.Status);
        Assert.Equal("text/html", reply.ContentType);
        Assert.Equal("<html>bad</html>", SimCaller.Text(reply));
    }

    [Theory]
    [InlineData("reset", SimEnding.Reset)]
    [InlineData("no_response", SimEnding.Silence)]
    public void Nothing_comes_before_a_reset_or_a_silence(string fault, object ending) =>
        Assert.Equal(ending, With(fault).Send(Streamed).InsteadOfHeaders);

    [Fact]
    public void A_slow_first_token_has_its_headers_at_once()
    {
        var reply = With("{type: slow_first_token, delay: 9s}").Send(Streamed);
        Assert.Equal(TimeSpan.Zero, reply.Latency);
        var steps = SimCaller.Steps(reply);
        Assert.Equal(40, steps.Count(step => step.Text.Contains("Delta", StringComparison.Ordinal)));
        Assert.All(
            steps.Where(step => step.Text.Contains("Delta", StringComparison.Ordinal)),
            step => Assert.Equal(9, step.Due.TotalSeconds));
    }

    [Theory]
    [InlineData("{type: cut, after: 40}", SimEnding.Complete)]
    [InlineData("{type: cut, after: 40, ending: reset}", SimEnding.Reset)]
    [InlineData("{type: reset, after: 40}", SimEnding.Reset)]
    [InlineData("{type: stall, after: 40}", SimEnding.Silence)]
    public void A_stream_breaks_off_after_as_many_tokens_as_said(string fault, object ending)
    {
        var steps = SimCaller.Steps(With(fault, 60).Send(Streamed));
        Assert.Equal(40, SimCaller.Deltas(string.Concat(steps.Select(step => step.Text))).Count);
        Assert.Equal(ending, steps[^1].Ending);
        Assert.DoesNotContain(steps, step => step.Text.Contains("DONE", StringComparison.Ordinal));
    }

    [Fact]
    public void A_break_after_nothing_sends_headers_only()
    {
        var step = Assert.Single(SimCaller.Steps(With("{type: cut, after: 0}").Send(Streamed)));
        Assert.Equal((TimeSpan.Zero, "", SimEnding.Complete), step);
    }

    [Fact]
    public void A_stall_with_an_end_goes_on_where_it_stopped()
    {
        var caller = new SimCaller(
            "rules: [{fault: {type: stall, after: 2, for: 30s}}]", new SimOptions { Tokens = 4, TokenRate = 10 });
        var steps = SimCaller.Steps(caller.Send(Streamed));
        Assert.Equal(
            [0, 100, 30200, 30300],
            steps.Where(step => step.Text.Contains("Delta", StringComparison.Ordinal))
                .Select(step => step.Due.TotalMilliseconds));
        Assert.EndsWith("[DONE]\n\n", steps[^1].Text, StringComparison.Ordinal);
        Assert.True(steps[^1].Due >= TimeSpan.FromMilliseconds(30300));
    }

    [Fact]
    public void One_malformed_chunk_is_no_json_and_all_others_are()
    {
        var stream = SimCaller.Text(With("{type: malformed_chunk, at: 10}").Send(Streamed));
        var payloads = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Select(e => e["data: ".Length..]).ToList();
        var bad = Assert.Single(payloads, payload => !IsJson(payload));
        var before = payloads[..payloads.IndexOf(bad)];
        Assert.Equal(9, before.Count(payload => payload.Contains("Delta", StringComparison.Ordinal)));
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_end_is_all_that_is_missing()
    {
        var sound = SimCaller.Text(With("{type: stall, after: 999999}").Send(Streamed));
        var stream = SimCaller.Text(With("missing_end").Send(Streamed));
        Assert.Equal(sound, stream + "data: [DONE]\n\n");
    }

    [Fact]
    public void An_error_event_ends_the_stream()
    {
        var steps = SimCaller.Steps(With("{type: error_event, after: 5, message: tired}").Send(Streamed));
        Assert.Equal(5, SimCaller.Deltas(string.Concat(steps.Select(step => step.Text))).Count);
        Assert.Contains("\"error\":\"tired\"", steps[^1].Text, StringComparison.Ordinal);
        Assert.Equal(SimEnding.Complete, steps[^1].Ending);
    }

    [Fact]
    public void A_content_filter_can_end_an_answer()
    {
        var answer = With("{type: content_filter, as: finish, after: 6}").Json(Whole);
        Assert.Equal("ContentFilter", answer.GetProperty("finish").GetString());
        Assert.Equal(6, answer.GetProperty("output").GetInt32());
    }

    [Fact]
    public void Prefill_is_refused_and_nothing_else()
    {
        const string Prefill =
            """
            {"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}
            """;
        var caller = With("no_prefill");
        Assert.Equal(400, caller.Send(Prefill, "/v1/messages").Status);
        Assert.Equal(200, caller.Send(Whole).Status);
    }

    [Fact]
    public void Flapping_goes_by_the_clock()
    {
        var caller = With("{type: flapping, down: 2s, up: 3s}");
        var seen = new List<int>();
        for (var second = 0; second < 8; second++)
        {
            seen.Add(caller.Send(Whole).Status);
            caller.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([503, 503, 200, 200, 200, 503, 503, 200], seen);
        Assert.Equal(
            SimEnding.Reset, With("{type: flapping, while: reset}").Send(Whole).InsteadOfHeaders);
    }

    [Fact]
    public void The_content_type_can_be_wrong()
    {
        Assert.Equal("text/html", With("wrong_content_type").Send(Streamed).ContentType);
        var plain = With("{type: wrong_content_type, content_type: text/plain}").Send(Whole);
        Assert.Equal("text/plain", plain.ContentType);
    }

    [Fact]
    public void A_truncated_body_is_shorter_than_announced()
    {
        var reply = With("{type: truncated_body, missing: 5}").Send(Whole);
        var step = Assert.Single(SimCaller.Steps(reply));
        Assert.Equal(step.Text.Length + 5, reply.ContentLength);
        Assert.Equal(SimEnding.Reset, step.Ending);
    }

    [Fact]
    public void A_huge_body_has_its_size_and_is_json()
    {
        var reply = With("{type: huge_body, size: 1MB}").Send(Whole);
        var body = SimCaller.Text(reply);
        Assert.Equal(1 << 20, body.Length);
        Assert.Equal(1 << 20, reply.ContentLength);
        Assert.True(IsJson(body));
    }

    [Theory]
    [InlineData("{type: cut, after: 3}", SimEnding.Complete)]
    [InlineData("malformed_chunk", SimEnding.Complete)]
    [InlineData("{type: reset, after: 3}", SimEnding.Reset)]
    [InlineData("stall", SimEnding.Silence)]
    public void Half_of_an_unstreamed_body_comes_before_it_breaks(string fault, object ending)
    {
        var whole = SimCaller.Text(new SimCaller().Send(Whole));
        var step = Assert.Single(SimCaller.Steps(With(fault).Send(Whole)));
        Assert.Equal(whole[..(whole.Length / 2)], step.Text);
        Assert.Equal(ending, step.Ending);
    }

    [Fact]
    public void What_happens_to_streams_only_leaves_other_answers_alone()
    {
        Assert.Equal(200, With("missing_end").Send(Whole).Status);
        Assert.Null(With("error_event").Send(Whole).Steps);
        Assert.Contains("DONE", SimCaller.Text(With("huge_body").Send(Streamed)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_chooses_the_fault_where_the_scenario_allows_it()
    {
        var caller = new SimCaller("faults_by_header: true");
        var cut = caller.Send(Streamed, headers: "x-sim-fault: cut; after=3; ending=reset");
        Assert.Equal(3, SimCaller.Deltas(SimCaller.Text(cut)).Count);
        Assert.Equal(200, caller.Send(Streamed).Status);
        Assert.Equal(400, caller.Send(Streamed, headers: "x-sim-fault: nonsense").Status);
        Assert.Equal(400, caller.Send(Streamed, headers: "x-sim-fault: cut;after=x").Status);
        Assert.Null(new SimCaller().Send(Whole, headers: "x-sim-fault: reset").Steps);
    }

    private static SimCaller With(string fault, int tokens = 40) =>
        new($"rules: [{{fault: {fault}}}]", new SimOptions { Tokens = tokens });

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(text));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
