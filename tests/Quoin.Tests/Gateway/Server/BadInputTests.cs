using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Quoin.Fuzz;

namespace Quoin.Tests.Gateway.Server;

/// <summary>
/// What strangers send: each bad request gets a clear error of its dialect, within limits, and the server goes on.
/// </summary>
public sealed class BadInputTests
{
    private const int OneMegabyte = 1024 * 1024;

    public static TheoryData<string> Clients => ClientDialects.Names;

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_body_that_is_no_sound_json_object_is_a_400(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync();
        var good = client.GoodFor("sim");
        byte[][] bodies =
        [
            .. new[]
            {
                "", " ", "{", "[]", "null", "\"x\"", "7", good + "x", good + good, good[..^1], good[..^1] + ",}",
                good[..^1] + ",\"a\":NaN}", good[..^1] + ",\"a\":'b'}", good[..^1] + ",//c\n\"a\":1}", "\uFEFF" + good,
                good[..^1] + ",\"a\":" + new string('[', 100) + new string(']', 100) + "}",
                good[..^1] + ",\"a\":" + new string('[', 100_000),
                good[..^1] + ",\"\\ud800\":1}", "<html></html>", "model=sim",
            }.Select(Encoding.UTF8.GetBytes),
            [.. Encoding.UTF8.GetBytes(good[..^1] + ",\"a\":\""), 0xff, .. "\"}"u8],
            [.. Encoding.UTF8.GetBytes(good[..^1] + ",\"a\":\""), 0xed, 0xa0, 0x80, .. "\"}"u8],
            Encoding.Unicode.GetBytes(good),
        ];
        foreach (var body in bodies)
        {
            var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("sim"), body);
            ClientDialects.AssertError(client, 400, status, answer);
        }

        await ClientDialects.AssertUnharmedAsync(gateway, client);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Routing_fields_of_another_type_or_given_twice_are_a_400(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync();
        foreach (var body in new[]
        {
            """{"model":7}""", """{"model":null}""", """{"model":["sim"]}""", """{"model":""}""",
            """{"model":"\ud800"}""", $$"""{"model":"{{new string('m', 5000)}}"}""",
            """{"model":"sim","stream":"yes"}""", """{"model":"sim","stream":{}}""",
            """{"model":"sim","model":"sim"}""", """{"model":"sim","stream":true,"stream":false}""",
            """{"model":"sim","\u006dodel":"other"}""",
        })
        {
            var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("sim"), body);
            ClientDialects.AssertError(client, 400, status, answer);
        }

        await ClientDialects.AssertUnharmedAsync(gateway, client);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Translated_fields_of_another_type_or_given_twice_are_a_400(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.TranslatingAsync(client);
        var good = JsonTree.Parse(client.GoodFor("m"));
        for (var i = 0; i < good.Members.Count; i++)
        {
            var field = good.Members[i].Name;
            var wrong = good.Clone();
            wrong.Members[i].Value.Become(JsonTree.Parse("{\"x\":[1]}"));
            var twice = good.Clone();
            twice.Members.Add((field, twice.Members[i].Value.Clone()));
            foreach (var tree in new[] { wrong, twice })
            {
                var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("m"), tree.ToBytes());
                ClientDialects.AssertError(client, 400, status, answer);
                Assert.Contains(field.Trim('"'), answer, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Text_that_is_no_text_is_not_translated(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.TranslatingAsync(client);
        var body = client.GoodFor("m").Replace("\"hi\"", "\"\\uD800 hi\"", StringComparison.Ordinal);
        var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("m"), body);
        ClientDialects.AssertError(client, 400, status, answer);
        Assert.Contains("Unicode", answer, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_body_over_the_limit_is_a_413_however_it_comes(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync(
            server => server with { MaxRequestSize = OneMegabyte });
        var path = client.PathFor("sim");
        var declared = await RawClient.AskAsync(gateway.Address, RawClient.Post(path, "Content-Length: 52428800\r\n"));
        ClientDialects.AssertError(client, 413, declared.Status, declared.Body);
        Assert.Contains("server.max_request_size", declared.Body, StringComparison.Ordinal);

        // Chunks without end: the answer comes at the limit, not at the end.
        using var endless = await RawClient.ConnectAsync(gateway.Address);
        await endless.SendAsync(RawClient.Post(path, "Transfer-Encoding: chunked\r\n"));
        var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string(' ', 0x10000) + "\r\n");
        for (var i = 0; i < 20; i++)
        {
            await endless.SendAsync(chunk);
        }

        var chunked = await endless.ReadAsync();
        ClientDialects.AssertError(client, 413, chunked.Status, chunked.Body);
        await ClientDialects.AssertUnharmedAsync(gateway, client);
    }

    [Fact]
    public async Task Fifty_megabytes_sent_in_full_are_a_413_and_take_no_memory()
    {
        var client = ClientDialects.All["openai-chat"];
        await using var gateway = await ClientDialects.SimAsync();
        await ClientDialects.AssertUnharmedAsync(gateway, client);
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        var body = new byte[65536];
        body.AsSpan().Fill((byte)' ');
        for (var round = 0; round < 4; round++)
        {
            using var raw = await RawClient.ConnectAsync(gateway.Address);
            await raw.SendAsync(RawClient.Post(client.Path, "Content-Length: 52428800\r\n"));
            for (var i = 0; i < 800; i++)
            {
                Assert.True(await raw.SendAsync(body), "the connection was cut while the body was sent");
            }

            var answer = await raw.ReadAsync();
            ClientDialects.AssertError(client, 413, answer.Status, answer.Body);
        }

        process.Refresh();
        Assert.InRange(process.WorkingSet64 - before, long.MinValue, 100L * OneMegabyte);
        await ClientDialects.AssertUnharmedAsync(gateway, client);
    }

    [Fact]
    public async Task A_body_without_end_is_read_no_further_than_a_limit()
    {
        var client = ClientDialects.All["openai-chat"];
        await using var gateway = await ClientDialects.SimAsync(
            server => server with { MaxRequestSize = OneMegabyte });
        using var raw = await RawClient.ConnectAsync(gateway.Address);
        await raw.SendAsync(RawClient.Post(client.Path, "Transfer-Encoding: chunked\r\n"));
        var chunk = Encoding.ASCII.GetBytes("100000\r\n" + new string(' ', OneMegabyte) + "\r\n");
        while (await raw.SendAsync(chunk))
        {
            Assert.InRange(raw.Sent, 0, 300L * OneMegabyte);
        }

        await ClientDialects.AssertUnharmedAsync(gateway, client);
    }

    [Fact]
    public async Task A_body_that_stops_or_trickles_is_a_408()
    {
        await using var gateway = await ClientDialects.SimAsync(
            server => server with { ReadTimeout = TimeSpan.FromSeconds(1) });
        var answers = await Task.WhenAll(ClientDialects.All.Values.Select(async client =>
        {
            using var raw = await RawClient.ConnectAsync(gateway.Address);
            await raw.SendAsync(RawClient.Post(client.PathFor("sim"), "Content-Length: 100000\r\n", "{\"mod"));
            return (Client: client, Answer: await raw.ReadAsync());
        }));
        Assert.All(answers, item =>
            ClientDialects.AssertError(item.Client, 408, item.Answer.Status, item.Answer.Body));
        await ClientDialects.AssertUnharmedAsync(gateway, ClientDialects.All["openai-chat"]);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task An_unknown_model_is_a_404_with_near_names(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync();
        var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("simm"), client.GoodFor("simm"));
        ClientDialects.AssertError(client, 404, status, answer);
        Assert.Contains("did you mean sim", answer, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_key_that_the_provider_refuses_is_a_502_without_the_key(string name)
    {
        var client = ClientDialects.All[name];
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(
            """{"type":"error","error":{"message":"sk-secret-key-1234","type":"authentication_error"}}""", 401));
        await using var gateway = await TestGateway.BeforeAsync(upstream, client.Foreign);
        var (status, answer) = await ClientDialects.AskAsync(gateway, client.PathFor("m"), client.GoodFor("m"));
        ClientDialects.AssertError(client, 502, status, answer);
        Assert.Contains("providers.up.api_key", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", await gateway.StopAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Another_method_is_a_405_that_tells_the_right_one(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync();
        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch })
        {
            using var request = new HttpRequestMessage(method, client.PathFor("sim"));
            using var response = await gateway.Client.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            ClientDialects.AssertError(client, 405, (int)response.StatusCode, body);
            Assert.Contains("POST", response.Content.Headers.Allow);
            Assert.Contains("POST", body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Another_content_type_is_a_415(string name)
    {
        var client = ClientDialects.All[name];
        await using var gateway = await ClientDialects.SimAsync();
        foreach (var type in new[] { null, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data" })
        {
            using var content = new StringContent(client.GoodFor("sim"));
            content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
            using var response = await gateway.Client.PostAsync(client.PathFor("sim"), content);
            ClientDialects.AssertError(
                client, 415, (int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        using var packed = new StringContent(client.GoodFor("sim"), Encoding.UTF8, "application/json");
        packed.Headers.ContentEncoding.Add("gzip");
        using var refused = await gateway.Client.PostAsync(client.PathFor("sim"), packed);
        ClientDialects.AssertError(client, 415, (int)refused.StatusCode, await refused.Content.ReadAsStringAsync());
    }
}
