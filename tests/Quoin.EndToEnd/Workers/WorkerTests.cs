using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Workers;

public sealed class WorkerTests
{
    private const int SigKill = 9;
    private const int SigUsr2 = 12;
    private const int SigStop = 19;
    private const int Clients = 8;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_worker_costs_what_it_was_answering_and_is_replaced()
    {
        await using var server = await StartAsync("server: {workers: 3}");
        await using var load = new WorkerLoad(server.Address, Clients);
        await UntilAsync(() => load.Answered > 30);
        ChildProcess.Signal(WorkersOf(server)[1], SigKill);
        await UntilUpAsync(server, "crash", 1);
        var before = load.Answered;
        await UntilAsync(() => load.Answered > before + 30);
        await load.StopAsync();
        Assert.True(load.Lost.Count <= Clients, $"{load.Lost.Count} lost");
        Assert.All(load.Lost, status => Assert.Null(status));
        Assert.Equal(3, WorkersOf(server).Length);
    }

    [Fact]
    public async Task A_worker_that_hangs_is_killed_and_replaced()
    {
        await using var server = await StartAsync("server: {workers: 2, worker_timeout: 2s}");
        ChildProcess.Signal(WorkersOf(server)[1], SigStop);
        await UntilUpAsync(server, "hung", 1);
        Assert.Equal(2, WorkersOf(server).Length);
    }

    [Fact]
    public async Task Restarts_of_all_under_load_lose_nothing()
    {
        await using var server = await StartAsync("server: {workers: 2}");
        await using var load = new WorkerLoad(server.Address, Clients);
        using var stop = new CancellationTokenSource();
        var pages = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => ReadPagesAsync(server, stop.Token)));
        var first = WorkersOf(server);
        for (var round = 1; round <= 10; round++)
        {
            ChildProcess.Signal(server.Process.Id, SigUsr2);
            await UntilUpAsync(server, "restart", 2 * round);
        }

        await load.StopAsync();
        await stop.CancelAsync();
        await pages;
        Assert.Empty(load.Lost);
        Assert.True(load.Answered > 100, $"{load.Answered} answered");
        Assert.Empty(WorkersOf(server).Intersect(first));
        Assert.Equal(load.Answered, await CountAsync(server));
    }

    [Fact]
    public async Task Workers_that_are_recycled_after_some_requests_lose_nothing()
    {
        await using var server = await StartAsync("server: {workers: 2, max_requests: 50, max_requests_jitter: 20}");
        await using var load = new WorkerLoad(server.Address, Clients);
        await UntilAsync(async () => await MetricAsync(server, "quoin_worker_restarts_total{reason=\"recycle\"}") >= 4);
        await load.StopAsync();
        Assert.Empty(load.Lost);
    }

    [Fact]
    public async Task A_new_program_that_does_not_start_leaves_the_workers_as_they_are()
    {
        await using var server = await StartAsync("server: {workers: 2}");
        var workers = WorkersOf(server);
        File.WriteAllText(server.ConfigurationFile, "server: {workers: none}");
        ChildProcess.Signal(server.Process.Id, SigUsr2);
        await using var load = new WorkerLoad(server.Address, 2);
        await UntilAsync(() => load.Answered > 20);
        await load.StopAsync();
        Assert.Empty(load.Lost);
        Assert.Equal(workers, WorkersOf(server));
    }

    [Fact]
    public async Task The_metrics_of_all_workers_are_one_page_that_adds_up()
    {
        await using var server = await StartAsync(
            "server: {workers: 3}\nroutes: [{path: /metrics, handler: metrics, version: v1}]");
        await using var load = new WorkerLoad(server.Address, Clients);
        await UntilAsync(() => load.Answered > 60);
        await load.StopAsync();
        Assert.Equal(load.Answered, await CountAsync(server));
        using var http = new HttpClient();
        var routed = await http.GetStringAsync(new Uri(server.Address, "/v1/metrics"), Cancelled);
        Assert.Contains("quoin_worker_up{worker=\"2\"} 1", routed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_any_worker_takes_is_found_by_any()
    {
        using var folder = new ScratchFolder();
        var journal = Path.Combine(folder.Path, "jobs");
        await using var server = await StartAsync($"server: {{workers: 3}}\nqueue: {{state_path: {journal}}}");
        for (var i = 0; i < 9; i++)
        {
            // Each connection is another worker's, by chance.
            using var http = new HttpClient { BaseAddress = server.Address };
            using var request = new HttpRequestMessage(HttpMethod.Post, WorkerLoad.Path)
            {
                Content = new StringContent(WorkerLoad.Body, null, "application/json"),
            };
            request.Headers.Add("Prefer", "respond-async");
            using var accepted = await http.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            using var other = new HttpClient { BaseAddress = server.Address };
            using var found = await other.GetAsync(accepted.Headers.Location, Cancelled);
            Assert.True(found.IsSuccessStatusCode, $"{accepted.Headers.Location}: {found.StatusCode}");
        }
    }

    [Fact]
    public async Task What_all_workers_used_is_in_one_database()
    {
        using var folder = new ScratchFolder();
        await using var server = await StartAsync(
            $"server: {{workers: 3}}\ndatabase: {{url: 'sqlite:{folder.Path}/usage.db'}}");
        await using var load = new WorkerLoad(server.Address, Clients);
        await UntilAsync(() => load.Answered > 40);
        await load.StopAsync();
        using var http = new HttpClient { BaseAddress = server.Address };
        var usage = await http.GetFromJsonAsync<System.Text.Json.JsonElement>("/api/v1/usage?by=model", Cancelled);
        Assert.Equal(load.Answered, usage.GetProperty("data")[0].GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task A_cache_in_files_that_each_worker_would_bound_for_itself_is_refused()
    {
        using var folder = new ScratchFolder();
        await using var server = new ChildProcess(
            Workplace.Program,
            ["serve", "--port", "0", "--config", folder.Write("quoin.yaml",
                "server: {workers: 2}\nllm: {cache: {enable: true, type: file}}")],
            folder.Path, ("METRICS_PORT", "0"));
        Assert.Equal(2, await server.WaitForExitAsync(Cancelled));
        Assert.Contains("llm.cache.type: file", server.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idempotency_key_is_one_key_at_all_workers()
    {
        await using var server = await StartAsync("server: {workers: 3}");
        var ids = new HashSet<string>();
        for (var i = 0; i < 9; i++)
        {
            using var http = new HttpClient { BaseAddress = server.Address };
            using var request = new HttpRequestMessage(HttpMethod.Post, WorkerLoad.Path)
            {
                Content = new StringContent(WorkerLoad.Body, null, "application/json"),
            };
            request.Headers.Add("Idempotency-Key", "one");
            using var answer = await http.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var body = await answer.Content.ReadFromJsonAsync<Dictionary<string, object>>(Cancelled);
            ids.Add(body!["id"].ToString()!);
        }

        Assert.Single(ids);
    }

    [Fact]
    public async Task A_provider_that_is_drained_is_drained_at_all_workers_and_their_successors()
    {
        await using var server = await StartAsync("server: {workers: 3}");
        using var http = new HttpClient { BaseAddress = server.Address };
        using var drained = await http.PostAsync("/api/v1/providers/sim/drain", null, Cancelled);
        Assert.Equal(HttpStatusCode.OK, drained.StatusCode);
        ChildProcess.Signal(WorkersOf(server)[2], SigKill);
        await UntilUpAsync(server, "crash", 1);
        for (var i = 0; i < 12; i++)
        {
            using var client = new RawClient(server.Address, keepAlive: false);
            Assert.NotEqual(200, await client.SendAsync(WorkerLoad.Path, WorkerLoad.Body, Cancelled));
        }
    }

    [Fact]
    public async Task A_proxy_that_names_this_machine_does_not_open_the_control_plane()
    {
        await using var server = await StartAsync(
            "server: {workers: 3, proxy_protocol: optional, trusted_proxies: [127.0.0.1]}");
        for (var i = 0; i < 9; i++)
        {
            using var client = new TcpClient(server.Address.Host, server.Address.Port);
            await client.GetStream().WriteAsync(
                Encoding.ASCII.GetBytes("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /api/v1/providers HTTP/1.1\r\n"
                + "Host: localhost\r\nConnection: close\r\n\r\n"), Cancelled);
            using var answer = new StreamReader(client.GetStream());
            Assert.Equal("HTTP/1.1 403 Forbidden", await answer.ReadLineAsync(Cancelled));
        }
    }

    [Fact]
    public async Task A_taken_port_is_told_with_the_setting_that_names_it()
    {
        await using var server = await StartAsync("server: {workers: 2}");
        using var folder = new ScratchFolder();
        await using var second = new ChildProcess(
            Workplace.Program,
            ["serve", "--workers", "2", "--port", server.Address.Port.ToString(CultureInfo.InvariantCulture)],
            folder.Path, ("METRICS_PORT", "0"));
        Assert.Equal(2, await second.WaitForExitAsync(Cancelled));
        Assert.Contains("server.port", second.Errors, StringComparison.Ordinal);
        Assert.Contains("in use by another process", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asked_to_stop_all_workers_finish_what_they_have_begun()
    {
        await using var server = await StartAsync("server: {workers: 2}");
        var workers = WorkersOf(server);
        var asked = Enumerable.Range(0, 6).Select(async _ =>
        {
            using var client = new RawClient(server.Address, keepAlive: false);
            return await client.SendAsync(WorkerLoad.Path, WorkerLoad.Body, Cancelled);
        }).ToList();
        await UntilAsync(async () => await MetricAsync(server, "http_requests_in_progress") >= 6
            || asked.Exists(answer => answer.IsCompleted));
        Assert.Equal(0, await server.StopAsync(Cancelled));
        Assert.All(await Task.WhenAll(asked), status => Assert.Equal(200, status));
        Assert.All(workers, worker => Assert.False(Directory.Exists($"/proc/{worker}")));
    }

    [Fact]
    public async Task Workers_do_not_outlive_a_supervisor_that_is_killed()
    {
        await using var server = await StartAsync("server: {workers: 2}");
        var workers = WorkersOf(server);
        ChildProcess.Signal(server.Process.Id, SigKill);
        await UntilAsync(() => Array.TrueForAll(workers, HasEnded));
    }

    internal static Task<QuoinProcess> StartAsync(string configuration) =>
        QuoinProcess.StartAsync(configuration, Cancelled);

    internal static int[] WorkersOf(QuoinProcess server) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{server.Process.Id}/task")
            .SelectMany(task => File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture)).Order(),
    ];

    private static bool HasEnded(int process)
    {
        try
        {
            return Regex.IsMatch(File.ReadAllText($"/proc/{process}/stat"), @"\) Z ", RegexOptions.NonBacktracking);
        }
        catch (IOException)
        {
            return true;
        }
    }

    internal static async Task UntilUpAsync(QuoinProcess server, string reason, int count)
    {
        await UntilAsync(async () =>
            await MetricAsync(server, $"quoin_worker_restarts_total{{reason=\"{reason}\"}}") >= count);
        await UntilAsync(async () => !Regex.IsMatch(
            await PageAsync(server), "quoin_worker_up\\{.*\\} 0", RegexOptions.NonBacktracking));
    }

    private static Task<double> CountAsync(QuoinProcess server) => MetricAsync(
        server, "http_requests_total{method=\"POST\",endpoint=\"/v1/chat/completions\",status=\"200\"}");

    internal static async Task<double> MetricAsync(QuoinProcess server, string name) => (await PageAsync(server))
        .Split('\n').Where(line => line.StartsWith(name + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture)).FirstOrDefault(-1);

    private static async Task<string> PageAsync(QuoinProcess server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(server.Address, "/metrics"), Cancelled);
    }

    /// <summary>Fails with the first page that is not given.</summary>
    private static async Task ReadPagesAsync(QuoinProcess server, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await PageAsync(server);
        }
    }

    internal static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    /// <summary>Bounded by the test's own time.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await holds())
        {
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }
}
