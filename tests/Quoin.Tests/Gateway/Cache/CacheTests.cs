using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>The cache in the whole server.</summary>
public sealed class CacheTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Body = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";

    private const string Answer =
        """{"id":"c1","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"message":"""
        + """{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"""
        + """ "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""";

    private static readonly string Stream =
        Event("""{"role":"assistant","content":""}""", "null") + Event("""{"content":"Hello"}""", "null")
        + Event("""{"content":" there"}""", "null") + Event("{}", "\"stop\"") + "data: [DONE]\n\n";

    [Fact]
    public async Task An_equal_request_gets_the_same_bytes_without_a_call()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var first = await gateway.PostAsync(Chat, Body);
        using var second = await gateway.PostAsync(
            Chat, """{"messages": [{"content":"Hi","role":"user"}], "user":"u", "model":"m"}""");
        Assert.Equal(("miss", "hit"), (Cache(first), Cache(second)));
        Assert.Equal(Answer, await first.Content.ReadAsStringAsync());
        Assert.Equal(Answer, await second.Content.ReadAsStringAsync());
        Assert.Equal("up", Assert.Single(second.Headers.GetValues("X-Quoin-Provider")));
        Assert.NotNull(second.Headers.Age);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_stream_is_given_again_as_it_was()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(Stream, 7));
        await using var gateway = await StartAsync(upstream);
        var streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");
        Assert.Equal((200, Stream), await gateway.AskAsync(Chat, streamed));
        using var again = await gateway.PostAsync(Chat, streamed);
        Assert.Equal("hit", Cache(again));
        Assert.Equal("text/event-stream", again.Content.Headers.ContentType?.MediaType);
        Assert.Equal(Stream, await again.Content.ReadAsStringAsync());
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("openai-chat")]
    [InlineData("openai-responses")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    [InlineData("gemini-array")]
    public async Task A_stream_serves_a_whole_answer_and_the_reverse_in_every_dialect(string dialect)
    {
        foreach (var streamFirst in new[] { true, false })
        {
            await using var gateway = await TestGateway.StartAsync(new QuoinOptions
            {
                Llm = new LlmOptions { Cache = new CacheOptions { Enable = true } },
            });
            var texts = new List<string>();
            foreach (var stream in new[] { streamFirst, !streamFirst, streamFirst })
            {
                var (path, body) = Question(dialect, stream);
                using var response = await gateway.PostAsync(path, body);
                Assert.Equal(texts.Count == 0 ? "miss" : "hit", Cache(response));
                texts.Add(TextOf(dialect, await response.Content.ReadAsByteArrayAsync(), stream));
            }

            Assert.All(texts, text => Assert.Equal("Say it once, and again.", text));
        }
    }

    [Fact]
    public async Task The_usage_chunk_is_there_for_those_who_ask_for_it_and_for_them_only()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        await gateway.AskAsync(Chat, Body);
        var streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");
        var with = streamed.Replace("{\"stream\"", "{\"stream_options\":{\"include_usage\":true},\"stream\"");
        Assert.DoesNotContain("prompt_tokens", (await gateway.AskAsync(Chat, streamed)).Body, StringComparison.Ordinal);
        Assert.Contains("prompt_tokens", (await gateway.AskAsync(Chat, with)).Body, StringComparison.Ordinal);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("no-store", "bypass", "hit")]
    [InlineData("no-cache", "miss", "hit")]
    [InlineData("max-age=0, x", "miss", "hit")]
    [InlineData("max-age=60", "hit", "hit")]
    [InlineData("min-fresh=3600", "miss", "hit")]
    [InlineData("only-if-cached", "hit", "hit")]
    public async Task Cache_Control_is_obeyed(string directives, string then, string afterwards)
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream, clock: clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(then, await AskAsync(gateway, directives));
        Assert.Equal(afterwards, await AskAsync(gateway, ""));
    }

    [Fact]
    public async Task Only_if_cached_asks_no_provider()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var request = NewRequest("only-if-cached");
        using var response = await gateway.Client.SendAsync(request);
        Assert.Equal(504, (int)response.StatusCode);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task An_answer_grows_old()
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream, clock: clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromSeconds(299));
        Assert.Equal("hit", await AskAsync(gateway, ""));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("miss", await AskAsync(gateway, ""));
    }

    [Fact]
    public async Task A_stale_answer_is_better_than_a_broken_provider_where_that_is_allowed()
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer), ScriptedUpstream.Json("{}", 500), ScriptedUpstream.Json("{}", 400),
            ScriptedUpstream.Json("{}", 500));
        await using var gateway = await StartAsync(
            upstream, cache => cache with { StaleIfError = TimeSpan.FromMinutes(10) }, clock);
        await gateway.AskAsync(Chat, Body);
        clock.Advance(TimeSpan.FromMinutes(6));
        using var stale = await gateway.PostAsync(Chat, Body);
        Assert.Equal((200, "stale"), ((int)stale.StatusCode, Cache(stale)));
        Assert.Equal(Answer, await stale.Content.ReadAsStringAsync());
        Assert.Equal(400, (await gateway.AskAsync(Chat, Body)).Status);
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(502, (await gateway.AskAsync(Chat, Body)).Status);
    }

    [Theory]
    [InlineData("""{"error":{"message":"no"}}""", 500)]
    [InlineData("""{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"content_filter"}]}""", 200)]
    public async Task What_another_try_may_better_is_not_kept(string answer, int status)
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(answer, status), ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        await gateway.AskAsync(Chat, Body);
        Assert.Equal((200, Answer), await gateway.AskAsync(Chat, Body));
    }

    [Fact]
    public async Task A_cut_stream_is_not_kept()
    {
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendStreamHeadAsync();
                await connection.SendChunksAsync(Stream[..(Stream.Length / 2)]);
                connection.Reset();
            },
            ScriptedUpstream.Events(Stream));
        await using var gateway = await StartAsync(upstream);
        var streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");
        await gateway.AskAsync(Chat, streamed);
        Assert.Equal((200, Stream), await gateway.AskAsync(Chat, streamed));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_thousand_equal_requests_at_once_make_one_call()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 1000).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 999);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal((200, Answer), answer));
        Assert.Single(upstream.Requests);

        // A client has its answer before the answer is counted.
        var stats = await StatsAsync(gateway);
        while (stats.GetProperty("coalesced").GetInt32() < 999)
        {
            stats = await StatsAsync(gateway);
        }

        Assert.Equal((999, 1), (stats.GetProperty("coalesced").GetInt32(), stats.GetProperty("misses").GetInt32()));
    }

    [Fact]
    public async Task When_the_first_client_leaves_one_that_waits_takes_over()
    {
        var left = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.WaitForCloseAsync();
                left.SetResult();
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var leaving = new CancellationTokenSource();
        var first = gateway.PostAsync(Chat, Body, leaving.Token);
        while (upstream.Requests.IsEmpty)
        {
            await Task.Yield();
        }

        var others = Enumerable.Range(0, 20).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 20);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await left.Task;
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal((200, Answer), answer));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task When_the_first_call_fails_one_takes_over_and_a_provider_that_stays_down_is_not_asked_by_all()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json("{}", 500)(connection);
        });
        await using var gateway = await StartAsync(upstream);
        var asking = Enumerable.Range(0, 50).Select(_ => gateway.AskAsync(Chat, Body)).ToArray();
        await WaitAsync(gateway, 49);
        go.SetResult();
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(502, answer.Status));
        Assert.InRange(upstream.Requests.Count, 2, 6);
    }

    [Fact]
    public async Task What_is_purged_is_asked_for_again()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var first = await gateway.PostAsync(Chat, Body);
        var key = Assert.Single(first.Headers.GetValues("X-Quoin-Cache-Key"));
        Assert.Equal(0, await PurgeAsync(gateway, "?route=other"));
        Assert.Equal(0, await PurgeAsync(gateway, "?key=" + new string('0', 64)));
        Assert.Equal("hit", await AskAsync(gateway, ""));
        foreach (var query in new[] { "?key=" + key, "?route=m", "?route=m&key=" + key, "" })
        {
            Assert.Equal(1, await PurgeAsync(gateway, query));
            Assert.Equal("miss", await AskAsync(gateway, ""));
        }

        using var wrong = await gateway.Client.DeleteAsync("/api/v1/cache?key=xyz");
        Assert.Equal(400, (int)wrong.StatusCode);
        using var unknown = await gateway.Client.DeleteAsync("/api/v1/cache?model=m");
        Assert.Equal(400, (int)unknown.StatusCode);
    }

    [Fact]
    public async Task Without_the_setting_nothing_is_kept_and_nothing_said()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        await gateway.AskAsync(Chat, Body);
        using var second = await gateway.PostAsync(Chat, Body);
        Assert.False(second.Headers.Contains("X-Quoin-Cache"));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("10", true)]
    [InlineData("256MB", true)]
    [InlineData("64kb", true)]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData("1B", false)]
    [InlineData("63KB", false)]
    [InlineData("2TB", false)]
    [InlineData("99999999999TB", false)]
    [InlineData("many", false)]
    public void The_bound_is_a_number_of_entries_or_of_bytes(string text, bool accepted) =>
        Assert.Equal(accepted, Quoin.Server.Gateway.Cache.CacheBound.TryParse(text, out _));

    private static Task<TestGateway> StartAsync(
        ScriptedUpstream upstream, Func<CacheOptions, CacheOptions>? change = null, TimeProvider? clock = null)
    {
        var cache = new CacheOptions { Enable = true };
        return TestGateway.BeforeAsync(
            upstream,
            change: options => options with
            {
                Llm = options.Llm with { Cache = change is null ? cache : change(cache) },
            },
            time: clock);
    }

    private static (string Path, string Body) Question(string dialect, bool stream)
    {
        const string Turn = """{"role":"user","content":"echo: Say it once, and again."}""";
        var flag = stream ? "\"stream\":true," : "";
        return dialect switch
        {
            "openai-chat" => (Chat, $$"""{{{flag}}"model":"sim","messages":[{{Turn}}]}"""),
            "openai-responses" => ("/v1/responses", $$"""{{{flag}}"model":"sim","input":[{{Turn}}]}"""),
            "anthropic" => ("/v1/messages", $$"""{{{flag}}"model":"sim","max_tokens":99,"messages":[{{Turn}}]}"""),
            _ => (
                "/v1beta/models/sim:" + (!stream ? "generateContent"
                    : dialect == "gemini" ? "streamGenerateContent?alt=sse" : "streamGenerateContent"),
                """{"contents":[{"role":"user","parts":[{"text":"echo: Say it once, and again."}]}]}"""),
        };
    }

    private static string TextOf(string name, byte[] body, bool stream)
    {
        Dialect dialect = name switch
        {
            "openai-chat" => DialectTable.OpenAIChat,
            "openai-responses" => DialectTable.OpenAIResponses,
            "anthropic" => DialectTable.Anthropic,
            _ => DialectTable.Gemini,
        };
        var events = new List<ChatEvent>();
        if (!stream)
        {
            dialect.ReadResponse(body, events);
        }
        else
        {
            var reader = dialect.CreateStreamReader();
            foreach (var data in name == "gemini-array"
                ? JsonElement.Parse(body).EnumerateArray().Select(chunk => (Name: "", Data: chunk.GetRawText()))
                : Events(body))
            {
                reader.Read(Encoding.UTF8.GetBytes(data.Name), Encoding.UTF8.GetBytes(data.Data), events);
            }

            Assert.True(reader.Ended || reader.Complete(events), "the stream is not whole");
        }

        return string.Concat(ChatResponse.Assemble(events)!.Parts.OfType<TextPart>().Select(part => part.Text));
    }

    private static IEnumerable<(string Name, string Data)> Events(byte[] body)
    {
        using var events = new EventBuffer();
        body.CopyTo(events.GetMemory(body.Length));
        events.Advance(body.Length);
        while (events.TryRead(out var e))
        {
            yield return (Encoding.UTF8.GetString(e.Name.Span), Encoding.UTF8.GetString(e.Data.Span));
        }
    }

    private static string Event(string delta, string finish) =>
        """data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":"""
        + delta + ",\"finish_reason\":" + finish + "}]}\n\n";

    private static string? Cache(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Quoin-Cache", out var values) ? Assert.Single(values) : null;

    private static HttpRequestMessage NewRequest(string directives)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(Body, null, "application/json"),
        };
        if (directives.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Cache-Control", directives);
        }

        return request;
    }

    private static async Task<string?> AskAsync(TestGateway gateway, string directives)
    {
        using var request = NewRequest(directives);
        using var response = await gateway.Client.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        return Cache(response);
    }

    private static async Task<JsonElement> StatsAsync(TestGateway gateway) =>
        JsonElement.Parse(await gateway.Client.GetStringAsync("/api/v1/cache"));

    private static async Task<int> PurgeAsync(TestGateway gateway, string query)
    {
        using var response = await gateway.Client.DeleteAsync("/api/v1/cache" + query);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("removed").GetInt32();
    }

    private static async Task WaitAsync(TestGateway gateway, int waiting)
    {
        while ((await StatsAsync(gateway)).GetProperty("waiting").GetInt32() < waiting)
        {
            await Task.Yield();
        }
    }
}
