using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;
using static Quoin.Tests.Gateway.Cache.CacheRig;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>The cache in the whole server.</summary>
public sealed class CacheTests
{
    [Fact]
    public async Task An_equal_request_gets_the_same_bytes_without_a_call()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        using var first = await gateway.PostAsync(Chat, Body);
        using var second = await gateway.PostAsync(
            Chat, """{"messages": [{"content":"Hi","role":"user"}], "user":"u", "model":"m"}""");
        Assert.Equal(("miss", "hit"), (OutcomeOf(first), OutcomeOf(second)));
        Assert.Equal(Answer, await first.Content.ReadAsStringAsync());
        Assert.Equal(Answer, await second.Content.ReadAsStringAsync());
        Assert.Equal("up", Assert.Single(second.Headers.GetValues("X-Quoin-Provider")));
        Assert.NotNull(second.Headers.Age);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_stream_is_given_again_as_it_was()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(StreamText, 7));
        await using var gateway = await StartAsync(upstream);
        var streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");
        Assert.Equal((200, StreamText), await gateway.AskAsync(Chat, streamed));
        using var again = await gateway.PostAsync(Chat, streamed);
        Assert.Equal("hit", OutcomeOf(again));
        Assert.Equal("text/event-stream", again.Content.Headers.ContentType?.MediaType);
        Assert.Equal(StreamText, await again.Content.ReadAsStringAsync());
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
                Assert.Equal(texts.Count == 0 ? "miss" : "hit", OutcomeOf(response));
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
                await connection.SendChunksAsync(StreamText[..(StreamText.Length / 2)]);
                connection.Reset();
            },
            ScriptedUpstream.Events(StreamText));
        await using var gateway = await StartAsync(upstream);
        var streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");
        await gateway.AskAsync(Chat, streamed);
        Assert.Equal((200, StreamText), await gateway.AskAsync(Chat, streamed));
        Assert.Equal(2, upstream.Requests.Count);
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

    private static async Task<int> PurgeAsync(TestGateway gateway, string query)
    {
        using var response = await gateway.Client.DeleteAsync("/api/v1/cache" + query);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("removed").GetInt32();
    }
}
