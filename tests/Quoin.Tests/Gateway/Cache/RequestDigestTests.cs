using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Cache;

namespace Quoin.Tests.Gateway.Cache;

public sealed class RequestDigestTests
{
    private const string Chat =
        """{"model":"m","messages":[{"role":"user","content":"A b"}],"temperature":1,"n":1,"tools":[]}""";

    public static TheoryData<string> SameAnswers =>
    [
        """{ "messages" : [ { "content" : "A b" , "role" : "user" } ], "n":1, "tools":[ ], "temperature":1 }""",
        """{"model":"m","messages":[{"role":"user","content":"\u0041 b"}],"temperature":1.0,"n":1e0,"tools":[]}""",
        """{"model":"m","mess\u0061ges":[{"role":"user","content":"A b"}],"temperature":1,"n":1,"tools":[]}""",
        Chat.Replace("\"n\":1", "\"n\":1,\"user\":\"u\",\"stream\":true,\"metadata\":{\"a\":\"b\"}"),
        Chat.Replace("\"n\":1", "\"n\":1,\"stream_options\":{\"include_usage\":true},\"store\":true"),
    ];

    public static TheoryData<string> OtherAnswers =>
    [
        Chat.Replace("A b", "A  b"),
        Chat.Replace("A b", "a b"),
        Chat.Replace("\"temperature\":1", "\"temperature\":1.1"),
        Chat.Replace("\"temperature\":1", "\"temperature\":\"1\""),
        Chat.Replace("\"temperature\":1", "\"temperature\":true"),
        Chat.Replace("\"tools\":[]", "\"tools\":[{}]"),
        Chat.Replace("\"tools\":[]", "\"tools\":{}"),
        Chat.Replace("\"tools\":[]", "\"tools\":[\"\"]"),
        Chat.Replace(",\"n\":1", ""),
        Chat.Replace("\"n\":1", "\"n\":1,\"seed\":1"),
        Chat.Replace("}]", ",\"user\":\"u\"}]"),
        Chat.Replace("}]", "},{\"role\":\"user\",\"content\":\"A b\"}]"),
    ];

    [Theory]
    [MemberData(nameof(SameAnswers))]
    public void What_changes_no_answer_changes_no_key(string body) => Assert.Equal(Of(Chat), Of(body));

    [Theory]
    [MemberData(nameof(OtherAnswers))]
    public void What_changes_the_answer_changes_the_key(string body) => Assert.NotEqual(Of(Chat), Of(body));

    [Fact]
    public void Tenants_routes_and_dialects_share_nothing()
    {
        var keys = new[] { Of(Chat), Of(Chat, tenant: "t"), Of(Chat, route: "other"), Of(Chat, route: "tm"),
            Of(Chat, api: WireApi.OpenAICompletions) };
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void Parts_cannot_be_shifted_into_each_other() =>
        Assert.NotEqual(Of(Chat, tenant: "ab", route: "c"), Of(Chat, tenant: "a", route: "bc"));

    [Theory]
    [InlineData("previous_response_id", "\"resp_1\"", false)]
    [InlineData("previous_response_id", "null", true)]
    [InlineData("conversation", "\"c\"", false)]
    [InlineData("background", "true", false)]
    [InlineData("background", "false", true)]
    public void A_request_that_depends_on_earlier_ones_has_no_key(string field, string value, bool has)
    {
        var body = $$"""{"model":"m","input":"x","{{field}}":{{value}}}""";
        Assert.Equal(
            has,
            RequestDigest.Of("", "m", WireApi.OpenAIResponses, Encoding.UTF8.GetBytes(body)) is not null);
    }

    [Theory]
    [InlineData("100", "1e2", "100.0", "0.1E+3", "10000e-2")]
    [InlineData("0", "-0", "0.000", "0e7", "-0.0e-3")]
    [InlineData("-1.5", "-15e-1", "-1.50", "-0.0015e0003", "-1.5E0")]
    [InlineData("12345678901234567890123456789012345678901", "12345678901234567890123456789012345678901.00",
        "1234567890123456789012345678901234567890.1e1", "0.12345678901234567890123456789012345678901e41",
        "12345678901234567890123456789012345678901e0")]
    public void Equal_numbers_are_one_however_they_are_written(params string[] numbers) =>
        Assert.Single(numbers.Select(number => Of($$"""{"temperature":{{number}}}""")).Distinct());

    [Fact]
    public void Numbers_that_differ_are_told_apart_however_little()
    {
        string[] numbers =
        [
            "0", "1", "-1", "10", "0.1", "1e-30", "1e-31", "1.5e-28", "2e-28", "1e400", "1e401", "1e999999999999",
            "1e-999999999999", "0.1000000000000000000000000000000000000001", "18446744073709551616",
            "18446744073709551617",
        ];
        Assert.Equal(
            numbers.Length, numbers.Select(number => Of($$"""{"temperature":{{number}}}""")).Distinct().Count());
    }

    [Fact]
    public void Half_a_surrogate_pair_is_equal_to_itself_only()
    {
        string[] texts = ["\\ud800", "\\ud801", "\\ufffd", "\\udc00\\ud800", "\\ud83d\\ude00", "", "ud800"];
        var keys = texts.Select(text => Of($$"""{"messages":[{"{{text}}":"{{text}}"}]}""")).ToList();
        Assert.Equal(texts.Length, keys.Distinct().Count());
        Assert.Equal(keys[0], Of($$"""{ "messages":[{"{{texts[0]}}" : "{{texts[0]}}"}]}"""));
    }

    [Fact]
    public void Any_rewriting_keeps_the_key_and_any_change_makes_another()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var tree = JsonShape.Random(random, depth: 4, isRoot: true);
            var key = Of(tree.Write(null));
            Assert.True(key == Of(tree.Write(random)), $"seed {seed}: {tree.Write(null)}");
            var changed = tree.Changed(random);
            Assert.True(key != Of(changed.Write(random)), $"seed {seed}: {tree.Write(null)} {changed.Write(null)}");
        }
    }

    [Fact]
    public void A_name_that_is_given_twice_counts_twice_in_its_order()
    {
        string[] bodies = ["""{"a":1,"a":2}""", """{"a":2,"a":1}""", """{"a":1}""", """{"a":2}"""];
        Assert.Equal(bodies.Length, bodies.Select(body => Of(body)).Distinct().Count());
        Assert.Equal(Of("""{"a":1,"b":0,"a":2}"""), Of("""{"b":0,"a":1,"a":2}"""));
    }

    [Fact]
    public void A_long_body_and_a_short_one_after_it_have_their_keys()
    {
        var members = Enumerable.Range(0, 20_000).Select(i => $"\"name{i}\":[{i}]").ToList();
        var forward = Of("{" + string.Join(',', members) + "}");
        members.Reverse();
        var small = Of(Chat);
        Assert.Equal(forward, Of("{" + string.Join(',', members) + "}"));
        Assert.Equal(small, Of(Chat));
    }

    [Fact]
    public void What_stands_beside_the_body_is_part_of_the_key()
    {
        var body = Encoding.UTF8.GetBytes(Chat);
        var plain = RequestDigest.Of("", "m", WireApi.OpenAIChat, body);
        var varied = RequestDigest.Of("", "m", WireApi.OpenAIChat, body, "anthropic-beta=x\n");
        Assert.NotEqual(plain, varied);
    }

    [Fact]
    public void A_tool_may_take_a_word_that_is_elsewhere_a_hint()
    {
        const string Call = """{"messages":[{"content":[{"type":"tool_use","input":{"cache_control":"HINT"}}]}]}""";
        Assert.NotEqual(
            Of(Call, api: WireApi.AnthropicMessages),
            Of(Call.Replace("HINT", "other"), api: WireApi.AnthropicMessages));
    }

    [Fact]
    public void Hints_for_the_cache_of_Anthropic_do_not_matter_anywhere()
    {
        const string Plain = """{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}""";
        var hinted = Plain.Replace("\"x\"}", "\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}")
            .Replace("{\"max", "{\"cache_control\":{\"type\":\"ephemeral\"},\"max");
        Assert.Equal(Of(Plain, api: WireApi.AnthropicMessages), Of(hinted, api: WireApi.AnthropicMessages));
        Assert.NotEqual(Of(Plain), Of(hinted));
    }

    [Fact]
    public void A_stream_with_the_usage_is_told_apart_by_a_mark_and_not_by_the_key()
    {
        var with = RequestDigest.Of(
            "", "m", WireApi.OpenAIChat,
            Encoding.UTF8.GetBytes(Chat.Replace("\"n\":1", "\"n\":1,\"stream_options\":{\"include_usage\":true}")));
        Assert.True(with!.Value.UsageIncluded);
        Assert.Equal(Of(Chat), with.Value.Key);
    }

    private static CacheKey Of(
        string body, string tenant = "", string route = "m", WireApi api = WireApi.OpenAIChat) =>
        RequestDigest.Of(tenant, route, api, Encoding.UTF8.GetBytes(body))!.Value.Key;
}
