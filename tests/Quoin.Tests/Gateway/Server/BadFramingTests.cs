using System.Net;

namespace Quoin.Tests.Gateway.Server;

/// <summary>HTTP that is wrong or made to mislead: limits hold, and what goes upstream is framed anew.</summary>
public sealed class BadFramingTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Body = """{"model":"m","messages":[]}""";
    private const string Answer = """{"choices":[{"message":{"content":"b"},"finish_reason":"stop"}]}""";
    private const string Smuggled = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nX-Smuggled: 1\r\n"
        + "Content-Type: application/json\r\nContent-Length: 27\r\n\r\n" + Body;

    private static readonly string Length = $"Content-Length: {Body.Length}\r\n";
    private static readonly string Chunk = $"{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n";

    /// <summary>Header lines and body: every one ambiguous, or wrong in its framing.</summary>
    public static TheoryData<string, string> Framings => new()
    {
        { Length + "Transfer-Encoding: chunked\r\n", Chunk },
        { "Transfer-Encoding: chunked\r\n" + Length, Chunk + Smuggled },
        { $"Content-Length: {Body.Length}\r\nContent-Length: 5\r\n", Body },
        { $"Content-Length: {Body.Length}, {Body.Length}\r\n", Body },
        { $"Content-Length: +{Body.Length}\r\n", Body },
        { "Content-Length: -1\r\n", Body },
        { $"Content-Length: 0x{Body.Length:x}\r\n", Body },
        { "Content-Length: 99999999999999999999\r\n", Body },
        { "Transfer-Encoding: identity\r\n" + Length, Body },
        { "Transfer-Encoding: xchunked\r\n" + Length, Body },
        { "Transfer-Encoding: chunked, identity\r\n", Chunk },
        { "Transfer-Encoding: gzip, chunked\r\n", Chunk },
        { "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", Chunk },
        { "Transfer-Encoding : chunked\r\n" + Length, Chunk },
        { "Transfer-Encoding:\tchunked\r\n" + Length, Chunk },
        { "X: y\r\n Transfer-Encoding: chunked\r\n" + Length, Body },
        { "Transfer-Encoding: chunked\r\n", "zz\r\n" + Body + "\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "-1b\r\n" + Body + "\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", "ffffffffffffffff1b\r\n" + Body + "\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", $"{Body.Length:x}\r\n{Body}0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", $"{Body.Length:x};a=\u0001;\"\r\n{Body}\r\n0\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", $"{Body.Length:x}\r\n{Body}\r\n0\r\nContent-Length: 3\r\nA: b\n\r\n\r\n" },
        { "Transfer-Encoding: chunked\r\n", $"{Body.Length:x}\n{Body}\n0\n\n" },
        { "Content-Length: 0\r\n", Smuggled },
    };

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task What_goes_upstream_is_framed_anew(string headers, string body)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using (var raw = await RawClient.ConnectAsync(gateway.Address))
        {
            await raw.SendAsync(RawClient.Post(Chat, "Connection: close\r\n" + headers, body));
            var answer = await raw.ReadAsync();
            Assert.True(answer.Status is 200 or 400 or 501 or 413 or 0, answer.Head);
        }

        Assert.Equal(200, (await gateway.AskAsync(Chat, Body)).Status);
        Assert.All(upstream.Requests, request =>
        {
            var lines = request.Head.Split("\r\n");
            Assert.Single(lines, line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain("transfer-encoding", request.Head, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("smuggled", request.Head, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(Body, request.Body);
        });
    }

    [Fact]
    public async Task A_length_beside_chunks_is_refused()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var answer = await RawClient.AskAsync(
            gateway.Address, RawClient.Post(Chat, Length + "Transfer-Encoding: chunked\r\n", Chunk));
        Assert.Equal(400, answer.Status);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("many")]
    public async Task Header_bombs_are_a_431(string kind)
    {
        await using var gateway = await ClientDialects.SimAsync();
        var headers = kind == "one"
            ? $"X-Big: {new string('x', 100_000)}\r\n"
            : string.Concat(Enumerable.Range(0, 5000).Select(i => $"X-{i}: y\r\n"));
        var answer = await RawClient.AskAsync(gateway.Address, RawClient.Post(Chat, headers));
        Assert.Equal(431, answer.Status);
        await ClientDialects.AssertUnharmedAsync(gateway, ClientDialects.All["openai-chat"]);
    }

    [Fact]
    public async Task A_huge_address_is_a_414()
    {
        await using var gateway = await ClientDialects.SimAsync();
        var answer = await RawClient.AskAsync(
            gateway.Address, RawClient.Post("/v1beta/models/" + new string('m', 30_000) + ":generateContent", ""));
        Assert.Equal(414, answer.Status);
        await ClientDialects.AssertUnharmedAsync(gateway, ClientDialects.All["gemini"]);
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on_or_that_it_is_too_much()
    {
        await using var gateway = await ClientDialects.SimAsync();
        var good = ClientDialects.All["openai-chat"].GoodFor("sim");
        using var raw = await RawClient.ConnectAsync(gateway.Address);
        await raw.SendAsync(RawClient.Post(Chat, $"Expect: 100-continue\r\nContent-Length: {good.Length}\r\n"));
        Assert.Equal(100, (await raw.ReadAsync()).Status);
        await raw.SendAsync(good);
        Assert.Equal(200, (await raw.ReadAsync()).Status);

        var refused = await RawClient.AskAsync(
            gateway.Address, RawClient.Post(Chat, "Expect: 100-continue\r\nContent-Length: 99999999\r\n"));
        Assert.Equal(413, refused.Status);
    }

    [Fact]
    public async Task Names_and_ids_cannot_split_an_answer()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        const string Evil = "m\r\nX-Evil: 1\r\n\r\nx";
        using var first = await gateway.PostAsync(
            Chat, """{"model":"m\r\nX-Evil: 1\r\n\r\nx\u00e9","messages":[]}""");
        Assert.Equal(200, (int)first.StatusCode);
        Assert.False(first.Headers.Contains("X-Evil"));
        using var second = await gateway.PostAsync(
            $"/v1beta/models/{Uri.EscapeDataString(Evil)}:generateContent",
            """{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}""");
        Assert.False(second.Headers.Contains("X-Evil"));
        Assert.All(upstream.Requests, request =>
            Assert.DoesNotContain("\r\nX-Evil", request.Head, StringComparison.OrdinalIgnoreCase));

        var odd = await RawClient.AskAsync(
            gateway.Address, RawClient.Post(Chat, $"X-Request-ID: a\tb\r\n{Length}", Body));
        Assert.Equal(200, odd.Status);
        Assert.DoesNotContain("a\tb", odd.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Odd_bytes_in_a_providers_headers_do_not_reach_the_client()
    {
        const string Odd = "Content-Type: application/json; x=\u00e9\r\nrequest-id: a\u00e9\u0001b\r\n"
            + "x-ratelimit-limit-requests: \u00ff\u007f\r\nopenai-\u00e9: 1\r\n";
        await using var upstream = new ScriptedUpstream(
            connection => connection.SendAsync(
                $"HTTP/1.1 200 X\r\n{Odd}Content-Length: {Answer.Length}\r\n\r\n{Answer}"),
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var answer = await RawClient.AskAsync(gateway.Address, RawClient.Post(Chat, Length, Body));
        Assert.True(answer.Status is 200 or 502, answer.Head);
        Assert.DoesNotContain(answer.Head, c => c > '~' || (c < ' ' && c is not ('\r' or '\n')));
        Assert.Equal(200, (await gateway.AskAsync(Chat, Body)).Status);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../../admin")]
    [InlineData("a?b=c#d")]
    public async Task A_models_name_cannot_lead_elsewhere_at_the_provider(string model)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        foreach (var type in new[] { "gemini", "azure-openai" })
        {
            await using var gateway = await TestGateway.BeforeAsync(upstream, type, options => options with
            {
                Providers = options.Providers.ToDictionary(
                    item => item.Key,
                    item => type == "azure-openai" ? item.Value with { ApiVersion = "2024-10-21" } : item.Value),
            });
            await gateway.AskAsync(Chat, ClientDialects.All["openai-chat"].GoodFor(model));
        }

        Assert.All(upstream.Requests, request => Assert.True(
            request.Line.Contains("/models/", StringComparison.Ordinal)
            || request.Line.Contains("/deployments/", StringComparison.Ordinal),
            WebUtility.UrlDecode(request.Line)));
    }
}
