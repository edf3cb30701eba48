using System.Net;
using System.Text.Json;
using Quoin.Server;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;

#pragma warning disable CA1416 // Modes of files are asked for on Linux.

namespace Quoin.Tests.Gateway.Jobs;

/// <summary>Jobs as clients see them, on the whole server.</summary>
public sealed class JobServerTests
{
    private static readonly Func<ScriptedUpstream.Connection, Task> Hang = connection => connection.WaitForCloseAsync();

    [Fact]
    public async Task A_job_is_accepted_run_and_fetched_with_its_whole_answer()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(JobGateway.Answer, headers: "x-request-id: up-1\r\n"));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var job = await jobs.GetAsync(await jobs.AcceptAsync());
        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(1, job.GetProperty("attempts").GetInt32());
        var result = job.GetProperty("result");
        Assert.Equal(200, result.GetProperty("status_code").GetInt32());
        Assert.Equal("up-1", result.GetProperty("headers").GetProperty("X-Quoin-Provider-Request-ID").GetString());
        Assert.Equal(JobGateway.Answer, result.GetProperty("body").GetRawText());
    }

    [Theory]
    [InlineData("/v1/responses", """{"model":"sim/sim","input":"echo: hi","stream":true}""", "output")]
    [InlineData("/v1/messages", """{"model":"sim/sim","max_tokens":9,"messages":[{"role":"user","content":"x"}]}""",
        "content")]
    [InlineData("/v1beta/models/sim%2Fsim:streamGenerateContent?alt=sse",
        """{"contents":[{"parts":[{"text":"x"}]}]}""", "candidates")]
    [InlineData("/v1/completions", """{"model":"sim/sim","input":"hi"}""", "content")]
    [InlineData("/v1/embeddings", """{"model":"sim/sim","input":"hi"}""", "data")]
    public async Task Each_api_has_jobs_and_their_answers_are_whole(string path, string body, string member)
    {
        await using var upstream = new ScriptedUpstream(Hang);
        await using var jobs = await JobGateway.StartAsync(upstream, options => options with
        {
            Providers = new Dictionary<string, ProviderOptions>(options.Providers) { ["sim"] = new() { Type = "sim" } },
        });
        var job = await jobs.GetAsync(await jobs.AcceptAsync(body, path));
        Assert.True(job.GetProperty("status").GetString() == "succeeded", job.ToString());
        Assert.True(job.GetProperty("result").GetProperty("body").TryGetProperty(member, out _), job.ToString());
    }

    [Fact]
    public async Task No_stream_is_asked_for_and_nothing_else_changed()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        await jobs.GetAsync(await jobs.AcceptAsync(
            """{"stream_options":{"include_usage":true}, "model" : "m","x":[1 , {"stream":true}],"stream":true}"""));
        Assert.Equal("""{"model" : "m","x":[1 , {"stream":true}]}""", upstream.Only.Body);
    }

    [Fact]
    public async Task Without_a_journal_the_answer_comes_at_once()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream, options => options with { Queue = new() });
        using var response = await jobs.PostAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Preference-Applied"));
        Assert.Equal(JobGateway.Answer, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[]""", 400)]
    [InlineData("""{"model":"no-such-model","messages":[]}""", 404)]
    public async Task What_cannot_be_run_is_refused_before_it_is_a_job(string body, int status)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        await using var jobs = await JobGateway.StartAsync(upstream, options => options with
        {
            Providers = new Dictionary<string, ProviderOptions>
            {
                ["up"] = options.Providers["up"] with { Models = ["m"] },
            },
        });
        using var response = await jobs.PostAsync(body);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(0, (await jobs.ListAsync("")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_failure_that_stays_is_the_result()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("""{"error":{"message":"bad temperature"}}""", 400));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var job = await jobs.GetAsync(await jobs.AcceptAsync());
        Assert.Equal("failed", job.GetProperty("status").GetString());
        var result = job.GetProperty("result");
        Assert.Equal(400, result.GetProperty("status_code").GetInt32());
        Assert.Equal(
            "bad temperature",
            result.GetProperty("body").GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Cancelling_ends_the_call_and_is_final()
    {
        var called = new TaskCompletionSource<ScriptedUpstream.Connection>();
        await using var upstream = new ScriptedUpstream(connection =>
        {
            called.SetResult(connection);
            return connection.WaitForCloseAsync();
        });
        await using var jobs = await JobGateway.StartAsync(
            upstream, options => options with { Llm = options.Llm with { OnClientDisconnect = "drain" } });
        var id = await jobs.AcceptAsync();
        var connection = await called.Task;
        Assert.Equal("running", (await jobs.GetAsync(id, "")).GetProperty("status").GetString());
        using var cancelled = await jobs.Client.DeleteAsync($"/v1/jobs/{id}");
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        await connection.Closed;
        Assert.Equal("cancelled", (await jobs.GetAsync(id)).GetProperty("status").GetString());
        using var again = await jobs.Client.DeleteAsync($"/v1/jobs/{id}");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task What_has_ended_cannot_be_cancelled()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var id = await jobs.AcceptAsync();
        await jobs.GetAsync(id);
        using var response = await jobs.Client.DeleteAsync($"/v1/jobs/{id}");
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("succeeded", (await jobs.GetAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_server_that_stops_leaves_its_jobs_to_the_next()
    {
        var called = new TaskCompletionSource();
        await using var first = new ScriptedUpstream(connection =>
        {
            called.SetResult();
            return connection.WaitForCloseAsync();
        });
        await using var jobs = await JobGateway.StartAsync(
            first, options => options with { Jobs = options.Jobs with { MaxConcurrency = 1 } });
        var (running, queued) = (await jobs.AcceptAsync(), await jobs.AcceptAsync());
        await called.Task;
        await using var second = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await jobs.RestartAsync(second);
        var job = await jobs.GetAsync(running);
        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(2, job.GetProperty("attempts").GetInt32());
        Assert.Equal(1, (await jobs.GetAsync(queued)).GetProperty("attempts").GetInt32());
        await jobs.RestartAsync(second);
        Assert.Equal(
            JobGateway.Answer, (await jobs.GetAsync(running)).GetProperty("result").GetProperty("body").GetRawText());
        Assert.Equal(2, second.Requests.Count);
    }

    [Fact]
    public async Task The_journal_holds_no_credentials_and_is_its_owners_alone()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        await jobs.GetAsync(await jobs.AcceptAsync(headers:
        [
            ("Authorization", "Bearer client-secret"), ("x-api-key", "client-secret"), ("Cookie", "client-secret"),
            ("OpenAI-Beta", "kept=1"),
        ]));
        Assert.Contains("openai-beta: kept=1", upstream.Only.Head, StringComparison.OrdinalIgnoreCase);
        await jobs.StopAsync();
        var content = await File.ReadAllTextAsync(jobs.JournalPath);
        Assert.Contains("kept=1", content, StringComparison.Ordinal);
        Assert.DoesNotContain("client-secret", content, StringComparison.Ordinal);
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(Owner, File.GetUnixFileMode(jobs.JournalPath));
        Assert.Equal(
            Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(jobs.JournalPath)!));
    }

    [Fact]
    public async Task Beyond_the_number_of_jobs_kept_further_ones_are_refused_with_a_time()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(
            upstream, options => options with { Jobs = options.Jobs with { MaxJobs = 2 } });
        await jobs.AcceptAsync();
        await jobs.AcceptAsync();
        using var response = await jobs.PostAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(30), response.Headers.RetryAfter!.Delta);
        Assert.Contains("jobs_full", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_is_paged_newest_first_and_filtered()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(JobGateway.Answer));
        await using var jobs = await JobGateway.StartAsync(upstream);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await jobs.AcceptAsync());
            await jobs.GetAsync(ids[^1]);
        }

        ids.Sort(StringComparer.Ordinal);
        ids.Reverse();
        var seen = new List<string>();
        var query = "?limit=2";
        while (true)
        {
            var page = await jobs.ListAsync(query);
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(job => job.GetProperty("id").GetString()!));
            if (!page.GetProperty("has_more").GetBoolean())
            {
                break;
            }

            query = $"?limit=2&cursor={page.GetProperty("next_cursor").GetString()}";
        }

        Assert.Equal(ids, seen);
        Assert.Equal(5, (await jobs.ListAsync("?status=succeeded")).GetProperty("data").GetArrayLength());
        Assert.Equal(0, (await jobs.ListAsync("?status=queued")).GetProperty("data").GetArrayLength());
        using var all = await jobs.Client.GetAsync("/api/v1/jobs?limit=1");
        Assert.Contains("\"tenant\":\"\"", await all.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/jobs?limit=0", "limit")]
    [InlineData("/v1/jobs?limit=101", "limit")]
    [InlineData("/v1/jobs?status=done", "status")]
    [InlineData("/v1/jobs?cursor=%25", "cursor")]
    [InlineData("/v1/jobs/ID?wait=61s", "wait")]
    [InlineData("/v1/jobs/ID?wait=-1", "wait")]
    public async Task A_query_that_cannot_be_answered_is_told_with_its_field(string path, string field)
    {
        await using var upstream = new ScriptedUpstream(Hang);
        await using var jobs = await JobGateway.StartAsync(upstream);
        var id = path.Contains("ID", StringComparison.Ordinal) ? await jobs.AcceptAsync() : "";
        using var response = await jobs.Client.GetAsync(path.Replace("ID", id, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_poll_ends_with_its_time_and_with_the_server()
    {
        await using var upstream = new ScriptedUpstream(Hang);
        await using var jobs = await JobGateway.StartAsync(upstream, options => options with
        {
            Server = options.Server with { ShutdownTimeout = TimeSpan.FromSeconds(1) },
        });
        var id = await jobs.AcceptAsync();
        Assert.Equal(JsonValueKind.Null, (await jobs.GetAsync(id, "?wait=10ms")).GetProperty("result").ValueKind);
        using var client = new HttpClient { BaseAddress = jobs.Gateway.Address };
        var poll = client.GetAsync($"/v1/jobs/{id}?wait=60s");

        // The job's own run, the poll, and this.
        while (!(await jobs.Client.GetStringAsync("/metrics")).Contains(
            "\nhttp_requests_in_progress 3", StringComparison.Ordinal))
        {
            await Task.Yield();
        }

        await jobs.StopAsync();
        using var response = await poll;
        Assert.Contains("\"result\":null", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_used_stops_the_start_with_its_key()
    {
        await using var upstream = new ScriptedUpstream(Hang);
        await using var jobs = await JobGateway.StartAsync(upstream);
        foreach (var (path, reason) in new[]
        {
            (jobs.JournalPath, "another server"), ("/proc/quoin/x", "/proc/quoin"), ("/dev/null/x", "/dev/null"),
        })
        {
            var failure = await Assert.ThrowsAsync<ServerStartException>(() => TestGateway.StartAsync(
                new QuoinOptions { Queue = new QueueOptions { StatePath = path } }));
            Assert.Contains("queue.state_path", failure.Message, StringComparison.Ordinal);
            Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        }
    }
}
