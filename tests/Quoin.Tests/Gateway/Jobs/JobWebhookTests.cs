using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Jobs;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Jobs;

public sealed class JobWebhookTests
{
    private const string Secret = "a secret of some length";

    [Fact]
    public async Task The_end_of_a_job_is_told_signed()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var receiver = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        await using var jobs = await StartAsync(upstream);
        var id = await jobs.AcceptAsync(headers: [("X-Quoin-Webhook", receiver.BaseUrl + "/hook?x=1")]);
        await UntilAsync(jobs, id, "delivered");
        var call = receiver.Only;
        Assert.Equal("POST /v1/hook?x=1 HTTP/1.1", call.Line);
        var told = JsonElement.Parse(call.Body);
        Assert.Equal(id, told.GetProperty("id").GetString());
        Assert.Equal("succeeded", told.GetProperty("status").GetString());
        Assert.Equal(JobGateway.Answer, told.GetProperty("result").GetProperty("body").GetRawText());
        var signature = Header(call, "X-Quoin-Signature").Split(',');
        var time = signature[0]["t=".Length..];
        var expected = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{time}.{call.Body}"));
        Assert.Equal("v1=" + Convert.ToHexStringLower(expected), signature[1]);
        Assert.Equal(id, Header(call, "X-Quoin-Job"));
    }

    [Fact]
    public async Task A_webhook_that_was_not_delivered_is_called_by_the_next_server()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        var called = new TaskCompletionSource();
        await using var receiver = new ScriptedUpstream(
            connection =>
            {
                called.SetResult();
                return connection.WaitForCloseAsync();
            },
            ScriptedUpstream.Json("{}"));
        await using var jobs = await StartAsync(upstream);
        var id = await jobs.AcceptAsync(headers: [("X-Quoin-Webhook", receiver.BaseUrl)]);
        await called.Task;
        await jobs.RestartAsync(upstream, Change);
        await UntilAsync(jobs, id, "delivered");
        Assert.Equal(2, receiver.Requests.Count);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("https://10.0.0.1/", true, "private")]
    [InlineData("https://169.254.169.254/", true, "link-local")]
    [InlineData("ftp://example.com/", true, "scheme")]
    [InlineData("https://example.com/", false, "jobs.webhook_secret")]
    public async Task A_webhook_that_cannot_be_is_refused_with_the_job(string url, bool secret, string reason)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = secret ? await StartAsync(upstream) : await JobGateway.StartAsync(upstream);
        using var response = await jobs.PostAsync(headers: [("X-Quoin-Webhook", url)]);
        Assert.Equal(400, (int)response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("webhook_refused", text, StringComparison.Ordinal);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.Equal(0, (await jobs.ListAsync("")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public void The_signature_is_of_the_time_and_the_body() => Assert.Equal(
        "t=1700000000,v1=" + Convert.ToHexStringLower(HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes("1700000000.{}"))),
        WebhookSignature.Of(Secret, DateTimeOffset.FromUnixTimeSeconds(1700000000), "{}"u8));

    private static Task<JobGateway> StartAsync(ScriptedUpstream upstream) => JobGateway.StartAsync(upstream, Change);

    private static QuoinOptions Change(QuoinOptions options) => options with
    {
        Jobs = options.Jobs with { WebhookSecret = Secret, WebhookAllowedHosts = ["127.0.0.1"] },
    };

    private static string Header(ReceivedRequest request, string name) => request.Head.Split("\r\n")
        .Single(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();

    private static async Task UntilAsync(JobGateway jobs, string id, string webhook)
    {
        while (true)
        {
            var job = await jobs.GetAsync(id);
            if (job.GetProperty("webhook").GetString() == webhook)
            {
                return;
            }

            await Task.Yield();
        }
    }
}
