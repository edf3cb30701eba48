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
        """{ "messages" : [ { "content" : "A b" , "role" : "user" } ], "n":1, "tools":[ ], "temperature":1, "model":"m" }""",
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

    [Fact]
    public void Hints_for_the_cache_of_Anthropic_do_not_matter_anywhere()
    {
        const string Plain = """{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}""";
        var hinted = Plain.Replace("\"x\"}", "\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}");
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
