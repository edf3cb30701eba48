using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;
using static Quoin.Tests.Gateway.Cache.CacheRig;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>Which requests of real clients are equal, and which forms an answer has.</summary>
public sealed class CacheKeyTests
{
    private static readonly string Streamed = Body.Replace("{\"model\"", "{\"stream\":true,\"model\"");

    private static readonly string StreamedWithUsage =
        Streamed.Replace("{\"stream\"", "{\"stream_options\":{\"include_usage\":true},\"stream\"");

    [Theory]
    [InlineData("anthropic-beta", "context-1m", "context-2m")]
    [InlineData("anthropic-version", "2023-06-01", "2024-01-01")]
    [InlineData("openai-beta", "a", "b")]
    public async Task A_header_that_goes_to_the_provider_is_part_of_the_key(string name, string one, string other)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        Assert.Equal("miss", await AskAsync(gateway, "", (name, one)));
        Assert.Equal("hit", await AskAsync(gateway, "", (name, one)));
        Assert.Equal("miss", await AskAsync(gateway, "", (name, other)));
        Assert.Equal("miss", await AskAsync(gateway, ""));
        Assert.Equal("hit", await AskAsync(gateway, "", ("X-Another", "x")));
    }

    [Fact]
    public async Task A_header_that_chooses_the_candidate_is_part_of_the_key()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Llm = options.Llm with { Cache = new CacheOptions { Enable = true } },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] =
                [
                    new CandidateOptions
                    {
                        Provider = "up",
                        Model = "gold",
                        When = new CandidateConditions
                        {
                            Header = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
                            {
                                ["X-Tier"] = "gold*",
                            },
                        },
                    },
                    new CandidateOptions { Provider = "up", Model = "plain" },
                ],
            },
        });
        Assert.Equal("miss", await AskAsync(gateway, "", ("X-Tier", "gold")));
        Assert.Equal("miss", await AskAsync(gateway, ""));
        Assert.Equal("hit", await AskAsync(gateway, "", ("X-Tier", "gold")));
        Assert.Equal(
            ["gold", "plain"],
            upstream.Requests.Select(
                request => request.Body.Contains("gold", StringComparison.Ordinal) ? "gold" : "plain"));
    }

    [Fact]
    public async Task What_is_no_text_goes_its_way_through_the_cache_too()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await StartAsync(upstream);
        var body = Body.Replace("Hi", "\\ud800");
        Assert.Equal((200, Answer), await gateway.AskAsync(Chat, body));
        Assert.Equal((200, Answer), await gateway.AskAsync(Chat, body));
        Assert.Equal(body, upstream.Only.Body);
    }

    [Fact]
    public async Task A_stream_without_its_usage_does_not_serve_one_who_asks_for_it()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Events(StreamText));
        await using var gateway = await StartAsync(upstream);
        Assert.Equal((200, StreamText), await gateway.AskAsync(Chat, Streamed));
        using var whole = await gateway.PostAsync(Chat, Body);
        Assert.Equal("hit", OutcomeOf(whole));
        using var asking = await gateway.PostAsync(Chat, StreamedWithUsage);
        Assert.Equal("miss", OutcomeOf(asking));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_usage_that_the_provider_told_is_there_whatever_form_was_kept()
    {
        const string Events =
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"usage":{"input_tokens":7,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":11}}

            event: message_stop
            data: {"type":"message_stop"}


            """;
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(Events.ReplaceLineEndings("\n")));
        await using var gateway = await TestGateway.BeforeAsync(upstream, "anthropic", options => options with
        {
            Llm = options.Llm with { Cache = new CacheOptions { Enable = true } },
        });
        var (status, plain) = await gateway.AskAsync(Chat, Streamed);
        Assert.Equal(200, status);
        Assert.DoesNotContain("prompt_tokens", plain, StringComparison.Ordinal);
        foreach (var body in new[] { Body, StreamedWithUsage })
        {
            using var response = await gateway.PostAsync(Chat, body);
            Assert.Equal("hit", OutcomeOf(response));
            var text = await response.Content.ReadAsStringAsync();
            Assert.Contains("\"prompt_tokens\":7", text, StringComparison.Ordinal);
            Assert.Contains("\"completion_tokens\":11", text, StringComparison.Ordinal);
        }

        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task An_answer_in_several_choices_is_given_again_in_its_own_form_only()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(Answer), ScriptedUpstream.Events(StreamText));
        await using var gateway = await StartAsync(upstream);
        var two = Body.Replace("{\"model\"", "{\"n\":2,\"model\"");
        await gateway.AskAsync(Chat, two);
        using var again = await gateway.PostAsync(Chat, two);
        Assert.Equal("hit", OutcomeOf(again));
        using var streamed = await gateway.PostAsync(Chat, two.Replace("{\"n\"", "{\"stream\":true,\"n\""));
        Assert.Equal("miss", OutcomeOf(streamed));
    }

    [Theory]
    [InlineData("openai-chat")]
    [InlineData("openai-responses")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    [InlineData("openai-completions")]
    [InlineData("hapax-completions")]
    [InlineData("openai-embeddings")]
    public async Task Answers_of_every_API_are_given_again(string name)
    {
        var dialect = ClientDialects.All[name];
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Llm = new LlmOptions { Cache = new CacheOptions { Enable = true } },
        });
        var texts = new List<string>();
        foreach (var outcome in new[] { "miss", "hit" })
        {
            using var response = await gateway.PostAsync(dialect.PathFor("sim"), dialect.GoodFor("sim"));
            Assert.Equal((200, outcome), ((int)response.StatusCode, OutcomeOf(response)));
            texts.Add(await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(texts[0], texts[1]);
    }

    [Fact]
    public async Task Token_counts_are_given_again()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("""{"input_tokens":5}"""));
        await using var gateway = await TestGateway.BeforeAsync(upstream, "anthropic", options => options with
        {
            Llm = options.Llm with { Cache = new CacheOptions { Enable = true } },
        });
        foreach (var outcome in new[] { "miss", "hit" })
        {
            using var response = await gateway.PostAsync("/v1/messages/count_tokens", Body);
            Assert.Equal((200, outcome), ((int)response.StatusCode, OutcomeOf(response)));
        }
    }
}
