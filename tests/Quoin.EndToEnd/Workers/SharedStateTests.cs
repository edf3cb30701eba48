using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;
using Quoin.EndToEnd.Processes;
using Quoin.Server.Workers;

namespace Quoin.EndToEnd.Workers;

/// <summary>What is one for all workers, however many there are and whichever of them ends.</summary>
public sealed class SharedStateTests
{
    private const int SigKill = 9;
    private const int SigUsr2 = 12;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private const string Key = "ann-0123456789-secret";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_limit_admits_at_three_workers_what_it_admits_at_one() => TogetherAsync(
        _ => "server: {workers: 3}\nrate_limit: {default: 20/day}",
        async server =>
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => AskAsync(server)));
            Assert.Equal(20, answers.Count(status => status == 200));
            Assert.Equal(40, answers.Count(status => status == 429));
        });

    [Fact]
    public Task A_limit_of_a_path_admits_at_three_workers_what_it_admits_at_one() => TogetherAsync(
        _ => "server: {workers: 3}\nrate_limit: {enabled: false, default: 20/day}\n"
            + "routes: [{path: /alive, handler: health, version: v1, methods: [GET], middleware: [ratelimit]}]",
        async server =>
        {
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 60).Select(_ => AskAsync(server, "/v1/alive", body: null)));
            Assert.Equal(20, answers.Count(status => status == 200));
        });

    [Fact]
    public Task Tokens_that_were_reserved_at_one_worker_and_not_used_are_free_at_all() => TogetherAsync(
        _ => "server: {workers: 3}\nrate_limit: {default: 100000/day, models: {sim: {tokens: 100000/day}}}",
        async server =>
        {
            const string body =
                """{"model":"sim","max_tokens":90000,"messages":[{"role":"user","content":"Hello"}]}""";
            for (var i = 0; i < 12; i++)
            {
                // What a request did not use is free a moment after its answer.
                await WorkerTests.UntilAsync(async () => await AskAsync(server, WorkerLoad.Path, body) == 200);
            }
        });

    [Fact]
    public Task What_was_taken_outlives_the_workers() => TogetherAsync(
        _ => "server: {workers: 3}\nrate_limit: {default: 20/day}",
        async server =>
        {
            Assert.All(
                await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => AskAsync(server))),
                status => Assert.Equal(200, status));
            ChildProcess.Signal(WorkerTests.WorkersOf(server)[1], SigKill);
            await WorkerTests.UntilUpAsync(server, "crash", 1);
            ChildProcess.Signal(server.Process.Id, SigUsr2);
            await WorkerTests.UntilUpAsync(server, "restart", 3);
            var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => AskAsync(server)));
            Assert.Equal(10, answers.Count(status => status == 200));
        });

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_budget_admits_the_same_at_any_number_of_workers_and_outlives_them(int workers)
    {
        using var folder = new ScratchFolder();
        await TogetherAsync(
            attempt => $"server: {{workers: {workers}, host: 127.0.0.1}}\n"
                + $"database: {{url: 'sqlite:{folder.Path}/{attempt}.db'}}\n"
                + $"auth: {{enabled: true, keys: [{{name: ann, key: {Key}, rate_limit: 100000/day, "
                + "budgets: [{tokens: 1000, per: month}]}]}",
            async server =>
            {
                const string body =
                    """{"model":"sim","max_tokens":500,"messages":[{"role":"user","content":"Hello"}]}""";
                var (admitted, spent) = (0, 0L);
                while (true)
                {
                    Assert.Equal(admitted, await RequestsAsync(server));
                    var status = await AskAsync(server, WorkerLoad.Path, body);
                    if (status != 200)
                    {
                        Assert.Equal(429, status);
                        break;
                    }

                    admitted++;
                    spent = await SettledAsync(server);
                }

                // Each reserved some 500, and was booked what it used: the last that fit was below the half.
                Assert.InRange(spent, 1, 1000);
                Assert.True(spent + 500 > 980, $"{spent} spent by {admitted} requests");
                Assert.True(spent - (spent / admitted) <= 500, $"{spent} spent by {admitted} requests");
                if (workers > 1)
                {
                    ChildProcess.Signal(server.Process.Id, SigUsr2);
                    await WorkerTests.UntilUpAsync(server, "restart", workers);
                }

                Assert.Equal(spent, await SettledAsync(server));
                Assert.Equal(429, await AskAsync(server, WorkerLoad.Path, body));
            });
    }

    [Fact]
    public async Task A_breaker_that_one_worker_opened_is_open_at_all()
    {
        using var provider = new TcpListener(IPAddress.Loopback, 0);
        provider.Start();
        await using var server = await StartAsync(
            "server: {workers: 3}\ncircuit_breaker: {failure_threshold: 1, timeout: 1h}\n"
            + "llm: {retry: {max_retries: 0}}\nproviders: {up: {type: openai-compatible, api_key: k, models: [m], "
            + $"base_url: 'http://{provider.LocalEndpoint}/v1'}}}}");
        var failing = FailAsync(provider);
        const string body = """{"model":"m","messages":[{"role":"user","content":"Hello"}]}""";
        Assert.Equal(502, await AskAsync(server, WorkerLoad.Path, body));
        await failing;
        await WorkerTests.UntilAsync(async () =>
        {
            var pages = await Task.WhenAll(SocketsOf(server).Select(PageAsync));
            return pages.Length == 3 && Array.TrueForAll(pages, page => page.Split('\n').Any(
                line => line.StartsWith("quoin_circuit_breaker_state{", StringComparison.Ordinal)
                    && line.EndsWith("} 2.0", StringComparison.Ordinal)));
        });
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => AskAsync(server, WorkerLoad.Path, body)));
        Assert.All(answers, status => Assert.Equal(503, status));
        Assert.False(provider.Pending());
    }

    [Fact]
    public async Task While_the_supervisor_stands_still_workers_answer_and_count_alone()
    {
        await using var server = await StartAsync(
            "server: {workers: 3, worker_timeout: 120s}\nrate_limit: {default: 20/day}");
        ChildProcess.Signal(server.Process.Id, SigStop);
        var answers = new List<int?>();
        try
        {
            for (var i = 0; i < 12; i++)
            {
                answers.Add(await AskAsync(server));
            }
        }
        finally
        {
            ChildProcess.Signal(server.Process.Id, SigCont);
        }

        Assert.All(answers, status => Assert.Equal(200, status));
        await WorkerTests.UntilAsync(
            async () => await WorkerTests.MetricAsync(server, "quoin_rate_limit_fallbacks_total") >= 12);

        // It is asked again a moment later.
        await WorkerTests.UntilAsync(async () =>
        {
            var before = await WorkerTests.MetricAsync(server, "quoin_rate_limit_fallbacks_total");
            await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => AskAsync(server)));
            return await WorkerTests.MetricAsync(server, "quoin_rate_limit_fallbacks_total") == before;
        });
    }

    [Fact]
    public async Task A_worker_that_cannot_reach_the_supervisor_counts_alone()
    {
        await using var server = await StartAsync("server: {workers: 3}\nrate_limit: {default: 20/day}");
        File.Delete(WorkerIdentity.SharedSocketOf(FolderOf(server)));
        ChildProcess.Signal(WorkerTests.WorkersOf(server)[1], SigKill);
        await WorkerTests.UntilUpAsync(server, "crash", 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 19).Select(_ => AskAsync(server)));
        Assert.All(answers, status => Assert.Equal(200, status));
        await WorkerTests.UntilAsync(async () =>
        {
            await AskAsync(server);
            return await WorkerTests.MetricAsync(server, "quoin_rate_limit_fallbacks_total") > 0;
        });
    }

    private static Task<QuoinProcess> StartAsync(string configuration) => WorkerTests.StartAsync(configuration);

    /// <summary>On a connection of its own, which is any worker's.</summary>
    private static async Task<int?> AskAsync(
        QuoinProcess server, string path = WorkerLoad.Path, string? body = WorkerLoad.Body)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path)
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-api-key", Key);
        using var answer = await http.SendAsync(request, Cancelled);
        return (int)answer.StatusCode;
    }

    /// <summary>
    /// A machine that gives the supervisor no time has workers count alone, by design: then another server is tried.
    /// </summary>
    private static async Task TogetherAsync(Func<int, string> configuration, Func<QuoinProcess, Task> test)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var server = await StartAsync(configuration(attempt));
            var failure = await Record.ExceptionAsync(() => test(server));
            if (attempt < 4 && await CountedAloneAsync(server))
            {
                continue;
            }

            if (failure is not null)
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            Assert.False(await CountedAloneAsync(server));
            Assert.False(await WorkerTests.MetricAsync(server, "quoin_worker_messages_unknown_total") > 0);
            Assert.False(await WorkerTests.MetricAsync(server, "quoin_worker_notes_lost_total") > 0);
            return;
        }
    }

    private static async Task<bool> CountedAloneAsync(QuoinProcess server) =>
        await WorkerTests.MetricAsync(server, "quoin_rate_limit_fallbacks_total") > 0
        || await WorkerTests.MetricAsync(server, "quoin_budget_fallbacks_total") > 0;

    /// <summary>What the key has spent, when nothing is reserved any more.</summary>
    private static async Task<long> SettledAsync(QuoinProcess server)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        var spent = 0L;
        await WorkerTests.UntilAsync(async () =>
        {
            var keys = await http.GetFromJsonAsync<JsonElement>("/api/v1/keys", Cancelled);
            var budget = keys.GetProperty("data")[0].GetProperty("budgets")[0];
            spent = budget.GetProperty("spent_tokens").GetInt64();
            return budget.GetProperty("reserved_tokens").GetInt64() == 0;
        });
        return spent;
    }

    private static async Task<int> RequestsAsync(QuoinProcess server)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        var usage = await http.GetFromJsonAsync<JsonElement>("/api/v1/usage?by=", Cancelled);
        return usage.GetProperty("data")[0].GetProperty("requests").GetInt32();
    }

    private static async Task FailAsync(TcpListener provider)
    {
        using var client = await provider.AcceptTcpClientAsync(Cancelled);
        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[1], Cancelled);
        await stream.WriteAsync(
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"u8.ToArray(),
            Cancelled);
    }

    private static string FolderOf(QuoinProcess server) => Directory.EnumerateDirectories(
        Path.GetDirectoryName(server.ConfigurationFile)!, "quoin-workers-*").Single();

    private static IEnumerable<string> SocketsOf(QuoinProcess server) =>
        Directory.EnumerateFiles(FolderOf(server), "w*.sock");

    /// <summary>What one worker has counted.</summary>
    private static async Task<string> PageAsync(string socket)
    {
        using var http = UnixClient.Create(socket, 1);
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(UnixClient.Root, InternalConnection.MetricsPath));
        using var answer = await http.SendAsync(request, Cancelled);
        return await answer.Content.ReadAsStringAsync(Cancelled);
    }
}
