using System.Net;
using System.Text;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Jobs;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Idempotency;

/// <summary>Idempotency-Key as clients see it, on the whole server.</summary>
public sealed class IdempotencyServerTests
{
    private const string Chat = JobGateway.Chat;
    private const string Body = JobGateway.Body;

    [Fact]
    public async Task The_same_key_and_body_give_the_same_answer_from_one_call()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(JobGateway.Answer, headers: "x-request-id: up-1\r\n"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var first = await PostAsync(gateway, "key-1");
        using var again = await PostAsync(gateway, "\"key-1\"");
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(
            await first.Content.ReadAsByteArrayAsync(), await again.Content.ReadAsByteArrayAsync());
        Assert.Equal("up-1", Assert.Single(again.Headers.GetValues("X-Quoin-Provider-Request-ID")));
        Assert.Equal("up", Assert.Single(again.Headers.GetValues("X-Quoin-Provider")));
        Assert.NotEqual(first.Headers.GetValues("X-Request-ID"), again.Headers.GetValues("X-Request-ID"));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_stream_is_given_again_as_a_stream()
    {
        const string Stream =
            "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n"
            + "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
            + "data: [DONE]\n\n";
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(Stream, piece: 7));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        for (var i = 0; i < 2; i++)
        {
            using var response = await PostAsync(gateway, "s", """{"model":"m","stream":true,"messages":[]}""");
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(Stream, await response.Content.ReadAsStringAsync());
        }

        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"type\":\"invalid_request_error\"")]
    [InlineData("/v1/messages", "\"type\":\"error\"")]
    [InlineData("/v1beta/models/m:generateContent", "FAILED_PRECONDITION")]
    public async Task Another_body_is_refused_in_the_clients_dialect(string path, string part)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("""{"error":{"message":"no"}}""", 400));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var first = await PostAsync(gateway, "k", Body, path);
        using var other = await PostAsync(gateway, "k", Body + " ", path);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Contains(part, await other.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_key_at_another_path_is_another_key()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var first = await PostAsync(gateway, "k");
        using var other = await PostAsync(gateway, "k", """{"model":"m","input":"x"}""", "/v1/completions");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Many_at_once_make_one_call()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(JobGateway.Answer)(connection);
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var requests = Enumerable.Range(0, 30).Select(_ => PostAsync(gateway, "k")).ToArray();
        while (upstream.Requests.IsEmpty)
        {
            await Task.Yield();
        }

        go.SetResult();
        foreach (var response in await Task.WhenAll(requests))
        {
            Assert.Equal(JobGateway.Answer, await response.Content.ReadAsStringAsync());
            response.Dispose();
        }

        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task A_failure_worth_another_try_is_not_kept()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("""{"error":{"message":"down"}}""", 500),
            ScriptedUpstream.Json("""{"error":{"message":"slow down"}}""", 429),
            ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        foreach (var status in (int[])[502, 429, 200, 200])
        {
            using var response = await PostAsync(gateway, "k");
            Assert.Equal(status, (int)response.StatusCode);
        }

        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task When_the_first_client_leaves_one_who_waited_leads()
    {
        var called = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(
            connection =>
            {
                called.TrySetResult();
                return connection.WaitForCloseAsync();
            },
            ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var leaving = new CancellationTokenSource();
        var first = PostAsync(gateway, "k", cancellationToken: leaving.Token);
        await called.Task;
        var second = PostAsync(gateway, "k");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        using var response = await second;
        Assert.Equal(JobGateway.Answer, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Who_waits_longer_than_a_call_may_take_is_told_so()
    {
        var called = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(connection =>
        {
            called.TrySetResult();
            return connection.WaitForCloseAsync();
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var first = PostAsync(gateway, "k");
        await called.Task;

        // A request of now has less time than the one that runs.
        gateway.Source.Replace(gateway.Source.Current with
        {
            Llm = gateway.Source.Current.Llm with { Timeout = TimeSpan.FromMilliseconds(50) },
        });
        using var second = await PostAsync(gateway, "k");
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), second.Headers.RetryAfter!.Delta);
        Assert.False(first.IsCompleted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("\"open")]
    [InlineData("\"in\"side\"")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await PostAsync(gateway, key);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(
            "invalid_idempotency_key", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_256_characters_is_refused_and_one_of_255_taken()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var longest = await PostAsync(gateway, new string('k', 255));
        using var tooLong = await PostAsync(gateway, new string('k', 256));
        Assert.Equal((200, 400), ((int)longest.StatusCode, (int)tooLong.StatusCode));
    }

    [Fact]
    public async Task A_job_keeps_its_key_across_a_restart()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var key = ("Idempotency-Key", "k");
        var id = await jobs.AcceptAsync(headers: [key]);
        Assert.Equal(id, await jobs.AcceptAsync(headers: [key]));
        await jobs.GetAsync(id);
        await jobs.RestartAsync(upstream);
        Assert.Equal(id, await jobs.AcceptAsync(headers: [key]));
        using var other = await jobs.PostAsync(Body + " ", headers: [("Idempotency-Key", "k")]);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task One_key_sent_many_times_at_once_makes_one_job()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            _ => jobs.AcceptAsync(headers: [("Idempotency-Key", "k")])));
        Assert.Single(ids.Distinct());
        await jobs.GetAsync(ids[0]);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task An_answer_that_is_forgotten_is_asked_for_again()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Idempotency = new IdempotencyOptions { MaxEntries = 1 },
        });
        foreach (var key in (string[])["a", "b", "b", "a"])
        {
            using var response = await PostAsync(gateway, key);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(3, upstream.Requests.Count);
    }

    private static Task<HttpResponseMessage> PostAsync(
        TestGateway gateway, string key, string body = Body, string path = Chat,
        CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return gateway.Client.SendAsync(request, cancellationToken);
    }
}
