using System.Collections.Concurrent;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Failover;

/// <summary>Candidates, keys, pauses and open breakers, seen from outside.</summary>
public sealed class AttemptLoopTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Plain = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";

    private const string Answer =
        """{"choices":[{"index":0,"message":{"role":"assistant","content":"b"},"finish_reason":"stop"}]}""";

    [Fact]
    public async Task A_refused_key_is_left_aside_and_the_next_one_used()
    {
        await using var keyed = new KeyedUpstream(key => key == "bad-key-1" ? 401 : 200);
        await using var gateway = await StartAsync(keyed, ["bad-key-1", "good-key-2"]);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        }

        Assert.Equal(1, keyed.CallsWith("bad-key-1"));
        Assert.Equal(6, keyed.CallsWith("good-key-2"));
    }

    [Fact]
    public async Task Calls_are_spread_over_the_keys()
    {
        await using var keyed = new KeyedUpstream(_ => 200);
        await using var gateway = await StartAsync(keyed, ["key-number-1", "key-number-2", "key-number-3"]);
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        }

        Assert.All(Enumerable.Range(1, 3), i => Assert.Equal(3, keyed.CallsWith($"key-number-{i}")));
    }

    [Fact]
    public async Task A_rate_limited_key_gives_way_to_another_at_once_until_its_time_is_over()
    {
        var clock = new ManualClock();
        await using var keyed = new KeyedUpstream(
            key => key == "key-number-1" ? 429 : 200, "Retry-After: 20\r\n");
        await using var gateway = await StartAsync(keyed, ["key-number-1", "key-number-2"], clock);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        }

        Assert.Equal(1, keyed.CallsWith("key-number-1"));
        clock.Advance(TimeSpan.FromSeconds(21));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        }

        Assert.Equal(2, keyed.CallsWith("key-number-1"));
    }

    [Fact]
    public async Task A_sole_key_that_was_refused_is_tried_all_the_same()
    {
        var refuses = true;
        await using var keyed = new KeyedUpstream(_ => refuses ? 401 : 200);
        await using var gateway = await StartAsync(keyed, ["only-key-1"]);
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
        refuses = false;
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Fact]
    public async Task Keys_are_shown_nowhere()
    {
        await using var keyed = new KeyedUpstream(_ => 401, echoes: true);
        var gateway = await StartAsync(keyed, ["sk-first-key-1", "sk-second-key-2"]);
        var body = (await gateway.AskAsync(Chat, Plain)).Body
            + await gateway.Client.GetStringAsync(new Uri("/api/v1/providers", UriKind.Relative))
            + await gateway.StopAsync();
        Assert.DoesNotContain("-key-1", body, StringComparison.Ordinal);
        Assert.DoesNotContain("-key-2", body, StringComparison.Ordinal);
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_failure_is_tried_again_after_a_pause_when_nothing_else_is_left()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json("{}", 503), ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: WithRetry(new()));
        using var response = await gateway.PostAsync(Chat, Plain);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("3", Assert.Single(response.Headers.GetValues("X-Quoin-Attempts")));
    }

    [Fact]
    public async Task No_more_retries_than_configured()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}", 500));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: WithRetry(new() { MaxRetries = 3, MaxDelay = TimeSpan.FromMilliseconds(100) }));
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal(4, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(500, "rate_limit", 1)]
    [InlineData(500, "server_error", 2)]
    [InlineData(429, "server_error", 1)]
    [InlineData(429, "rate_limit", 2)]
    [InlineData(504, "server_error", 1)]
    [InlineData(504, "timeout", 2)]
    [InlineData(404, "server_error", 1)]
    public async Task Only_configured_classes_are_retried(int status, string retried, int calls)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}", status));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: WithRetry(new() { MaxRetries = 1, RetryableErrors = [retried] }));
        await gateway.AskAsync(Chat, Plain);
        Assert.Equal(calls, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("Retry-After: 30\r\n", 1)]
    [InlineData("retry-after-ms: 20\r\n", 2)]
    public async Task Retry_After_is_waited_for_unless_it_is_longer_than_the_longest_pause(string header, int calls)
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("{}", 429, header), ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: WithRetry(new()));
        using var response = await gateway.PostAsync(Chat, Plain);
        Assert.Equal(calls == 1 ? 429 : 200, (int)response.StatusCode);
        Assert.Equal(calls == 1 ? 30 : null, response.Headers.RetryAfter?.Delta?.TotalSeconds);
        Assert.Equal(calls, upstream.Requests.Count);

        // The next request meets the key that is left aside, and is told how long.
        if (calls == 1)
        {
            using var next = await gateway.PostAsync(Chat, Plain);
            Assert.Equal(429, (int)next.StatusCode);
            Assert.InRange(next.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);
            Assert.Single(upstream.Requests);
        }
    }

    [Theory]
    [InlineData("Retry-After: 30\r\n")]
    [InlineData("")]
    public async Task A_model_at_its_limit_gives_way_to_another_of_the_same_provider_and_key(string header)
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("{}", 429, header), ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "up", Model = "large" }, new() { Provider = "up", Model = "small" }],
            },
        });
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        var models = upstream.Requests.Select(request =>
            JsonElement.Parse(request.Body).GetProperty("model").GetString());
        Assert.Equal(["large", "small", header.Length > 0 ? "small" : "large"], models);
    }

    [Fact]
    public async Task Open_breakers_answer_503_at_once_and_the_one_due_soonest_is_probed()
    {
        var clock = new ManualClock();
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json("{}", 500));
        await using var two = new ScriptedUpstream(
            ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two, clock, options => options with
        {
            CircuitBreaker = new() { FailureThreshold = 2, Timeout = TimeSpan.FromSeconds(10) },
            Llm = new() { Retry = new() { MaxRetries = 0 } },
        });
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
        using (var blocked = await gateway.PostAsync(Chat, Plain))
        {
            Assert.Equal(503, (int)blocked.StatusCode);
            Assert.Equal(10, blocked.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
            Assert.Contains("circuit_open", await blocked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal((2, 2), (one.Requests.Count, two.Requests.Count));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal((3, 3), (one.Requests.Count, two.Requests.Count));
    }

    [Fact]
    public async Task A_clients_own_mistakes_do_not_open_the_breaker()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}", 400));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: options => options with { CircuitBreaker = new() { FailureThreshold = 1 } });
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(400, (await gateway.AskAsync(Chat, Plain)).Status);
        }
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_open_the_breaker()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                asked.SetResult();
                await connection.WaitForCloseAsync();
                closed.SetResult();
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: options => options with { CircuitBreaker = new() { FailureThreshold = 1 } });
        using var leaving = new CancellationTokenSource();
        var gone = gateway.PostAsync(Chat, Plain, leaving.Token);
        await asked.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await closed.Task;
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Fact]
    public async Task A_drained_provider_gets_no_calls_until_it_is_enabled()
    {
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two);
        await CommandAsync(gateway, "one/drain", "drained");
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal((0, 1), (one.Requests.Count, two.Requests.Count));
        await CommandAsync(gateway, "two/drain", "drained");
        var (status, body) = await gateway.AskAsync(Chat, Plain);
        Assert.Equal(503, status);
        Assert.Contains("provider_drained", body, StringComparison.Ordinal);
        await CommandAsync(gateway, "one/enable", "healthy");
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal((1, 1), (one.Requests.Count, two.Requests.Count));
        using var unknown = await gateway.Client.PostAsync("/api/v1/providers/none/drain", null);
        Assert.Equal(404, (int)unknown.StatusCode);
        Assert.Equal("application/problem+json", unknown.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task The_api_tells_the_state_of_each_provider()
    {
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json("{\"error\":{\"message\":\"oh\"}}", 500));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two, change: options => options with
        {
            CircuitBreaker = new() { FailureThreshold = 1 },
        });
        await gateway.AskAsync(Chat, Plain);
        using var json = JsonDocument.Parse(
            await gateway.Client.GetStringAsync(new Uri("/api/v1/providers", UriKind.Relative)));
        var list = json.RootElement.GetProperty("data");
        Assert.Equal(2, list.GetArrayLength());
        Assert.Equal("one", list[0].GetProperty("name").GetString());
        Assert.Equal("open", list[0].GetProperty("circuit_breaker").GetString());
        Assert.Equal("oh", list[0].GetProperty("last_error").GetProperty("message").GetString());
        Assert.InRange(list[0].GetProperty("keys")[0].GetProperty("open_for_s").GetDouble(), 0, 30);
        Assert.True(list[0].GetProperty("success_rate").GetDouble() < 1);
        Assert.Equal("closed", list[1].GetProperty("circuit_breaker").GetString());
        Assert.Equal(JsonValueKind.Null, list[1].GetProperty("last_error").ValueKind);
        Assert.Equal(0, list[1].GetProperty("in_flight").GetInt32());
    }

    [Fact]
    public async Task Conditions_choose_the_candidate()
    {
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two, change: options => options with
        {
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] =
                [
                    new() { Provider = "one", When = new() { Tools = true } },
                    new() { Provider = "two", When = new() { MaxPromptTokens = 100, Dialect = ["openai-chat"] } },
                ],
            },
        });
        await gateway.AskAsync(Chat, Plain);
        Assert.Equal((0, 1), (one.Requests.Count, two.Requests.Count));
        await gateway.AskAsync(
            Chat, Plain[..^1] + ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}");
        Assert.Equal((1, 1), (one.Requests.Count, two.Requests.Count));
        var (status, body) = await gateway.AskAsync(
            Chat, Plain.Replace("hi", new string('x', 1000), StringComparison.Ordinal));
        Assert.Equal(400, status);
        Assert.Contains("no_candidate", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_keeps_what_is_known_and_changes_the_rules_at_once()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: options => options with { CircuitBreaker = new() { FailureThreshold = 1 } });
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
        var options = gateway.Source.Current;
        gateway.Source.Replace(options with { Llm = options.Llm with { Timeout = TimeSpan.FromSeconds(99) } });
        Assert.Equal(503, (await gateway.AskAsync(Chat, Plain)).Status);
        gateway.Source.Replace(options with { CircuitBreaker = new() { Enabled = false } });
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Fact]
    public async Task A_request_without_a_model_goes_to_each_preferred_provider_with_its_own()
    {
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json("{}", 500));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two, change: options => options with
        {
            Providers = options.Providers.ToDictionary(
                pair => pair.Key, pair => pair.Value with { Model = "model-of-" + pair.Key }, StringComparer.Ordinal),
            ProviderPreference = ["one", "two"],
        });
        var (status, body) = await gateway.AskAsync("/v1/completions", """{"input":"hi"}""");
        Assert.Equal((200, """{"content":"b"}"""), (status, body));
        Assert.Contains("model-of-one", one.Only.Body, StringComparison.Ordinal);
        Assert.Contains("model-of-two", two.Only.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Providers_that_take_the_same_name_stand_by_for_each_other()
    {
        await using var one = new ScriptedUpstream(ScriptedUpstream.Json("{}", 500));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TwoAsync(one, two, change: options => options with
        {
            Providers = options.Providers.ToDictionary(
                pair => pair.Key, pair => pair.Value with { Models = ["m"] }, StringComparer.Ordinal),
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal),
            ProviderPreference = ["one", "two"],
        });
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Equal((1, 1), (one.Requests.Count, two.Requests.Count));
    }

    private static async Task CommandAsync(TestGateway gateway, string command, string state)
    {
        using var response = await gateway.Client.PostAsync("/api/v1/providers/" + command, null);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(state, json.RootElement.GetProperty("state").GetString());
    }

    private static Func<QuoinOptions, QuoinOptions> WithRetry(RetryOptions retry) => options => options with
    {
        Llm = options.Llm with { Retry = retry },
    };

    private static Task<TestGateway> TwoAsync(
        ScriptedUpstream one, ScriptedUpstream two, TimeProvider? time = null,
        Func<QuoinOptions, QuoinOptions>? change = null)
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["one"] = new() { Type = "openai-compatible", BaseUrl = one.BaseUrl },
                ["two"] = new() { Type = "openai-compatible", BaseUrl = two.BaseUrl },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "one" }, new() { Provider = "two" }],
            },
        };
        return TestGateway.StartAsync(change is null ? options : change(options), time);
    }

    private static Task<TestGateway> StartAsync(KeyedUpstream upstream, string[] keys, TimeProvider? time = null) =>
        TestGateway.StartAsync(
            new QuoinOptions
            {
                Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
                {
                    ["up"] = new()
                    {
                        Type = "openai-compatible",
                        BaseUrl = upstream.BaseUrl,
                        Models = ["*"],
                        ApiKeys = keys,
                    },
                },
            },
            time);

    /// <summary>Answers by the key that it is called with.</summary>
    private sealed class KeyedUpstream : IAsyncDisposable
    {
        private readonly ScriptedUpstream _upstream;
        private readonly ConcurrentBag<string> _keys = [];

        public KeyedUpstream(Func<string, int> statusOf, string headers = "", bool echoes = false)
        {
            ScriptedUpstream? made = null;
            _upstream = made = new ScriptedUpstream(connection =>
            {
                var head = made!.Requests.Last().Head;
                var key = head.Split("Bearer ")[1].Split("\r\n")[0];
                _keys.Add(key);
                var status = statusOf(key);
                var words = echoes ? "no good: " + key : "no";
                var body = status == 200 ? Answer : "{\"error\":{\"message\":\"" + words + "\"}}";
                return ScriptedUpstream.Json(body, status, headers)(connection);
            });
        }

        public string BaseUrl => _upstream.BaseUrl;

        public int CallsWith(string key) => _keys.Count(used => used == key);

        public ValueTask DisposeAsync() => _upstream.DisposeAsync();
    }
}
