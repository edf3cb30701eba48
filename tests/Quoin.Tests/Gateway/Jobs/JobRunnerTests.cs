using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Storage.Journal;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Jobs;

/// <summary>Runs on a clock that jumps over pauses, a disk in memory, and a gateway that is a function.</summary>
public sealed class JobRunnerTests
{
    private readonly FaultyFiles _files = new();
    private readonly JumpingTime _time = new();
    private JobsOptions _options = new();
    private int _ids;

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task What_may_be_better_later_is_run_again(int status)
    {
        var calls = 0;
        await using var jobs = new RunningJobs(this, http => WriteAsync(http, ++calls < 3 ? status : 200, "answer"));
        var job = await jobs.EndOfAsync(await jobs.AcceptAsync(NextId()));
        Assert.Equal((JobStatus.Succeeded, 3, "answer"), (job.Status, job.Attempts, Text(job)));
    }

    [Fact]
    public async Task What_stays_bad_is_the_result_after_the_last_run()
    {
        _options = new JobsOptions { MaxAttempts = 4 };
        var calls = 0;
        await using var jobs = new RunningJobs(this, http => WriteAsync(http, 503, $"down {++calls}"));
        var job = await jobs.EndOfAsync(await jobs.AcceptAsync(NextId()));
        Assert.Equal((JobStatus.Failed, 4, "down 4"), (job.Status, job.Attempts, Text(job)));
        Assert.Equal(503, job.Result!.Status);
    }

    [Fact]
    public async Task A_wait_that_the_provider_asks_for_is_granted()
    {
        var (calls, first) = (0, 0L);
        await using var jobs = new RunningJobs(this, http =>
        {
            if (++calls == 1)
            {
                first = _time.GetTimestamp();
                http.Response.Headers.RetryAfter = "90";
                return WriteAsync(http, 429, "slow down");
            }

            return WriteAsync(http, 200, _time.GetElapsedTime(first) >= TimeSpan.FromSeconds(90) ? "waited" : "early");
        });
        Assert.Equal("waited", Text(await jobs.EndOfAsync(await jobs.AcceptAsync(NextId()))));
    }

    [Fact]
    public async Task A_job_that_no_run_ends_is_given_up()
    {
        _options = new JobsOptions { MaxAttempts = 3 };
        var id = NextId();
        for (var crash = 0; crash < 3; crash++)
        {
            var began = new TaskCompletionSource();
            await using var jobs = new RunningJobs(this, async http =>
            {
                began.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted)
                    .ContinueWith(static _ => { }, TaskScheduler.Default);
            });
            if (crash == 0)
            {
                await jobs.AcceptAsync(id);
            }

            await began.Task;
        }

        await using var last = new RunningJobs(this, _ => throw new InvalidOperationException("it must not run"));
        var job = await last.EndOfAsync(last.Find(id)!);
        Assert.Equal((JobStatus.Failed, 3), (job.Status, job.Attempts));
        Assert.Contains("job_given_up", Text(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_the_disk_refuses_is_held_and_the_job_not_run_again()
    {
        var calls = 0;
        var refused = 3;
        await using var jobs = new RunningJobs(this, http =>
        {
            calls++;
            _files.Fault = operation => operation == "write" && refused-- > 0 ? Errno.NoSpace : null;
            return WriteAsync(http, 200, "kept");
        });
        var job = await jobs.EndOfAsync(await jobs.AcceptAsync(NextId()));
        Assert.Equal(("kept", 1, 1), (Text(job), job.Attempts, calls));
        Assert.True(refused < 0);
    }

    [Fact]
    public async Task No_more_run_at_once_than_are_allowed()
    {
        _options = new JobsOptions { MaxConcurrency = 2 };
        var (running, most) = (0, 0);
        using var go = new SemaphoreSlim(0);
        await using var jobs = new RunningJobs(this, async http =>
        {
            var now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            await go.WaitAsync();
            Interlocked.Decrement(ref running);
            await WriteAsync(http, 200, "x");
        });
        var entries = new List<JobEntry>();
        for (var i = 0; i < 10; i++)
        {
            entries.Add(await jobs.AcceptAsync(NextId()));
        }

        while (Volatile.Read(ref running) < 2)
        {
            await Task.Yield();
        }

        go.Release(10);
        foreach (var entry in entries)
        {
            await jobs.EndOfAsync(entry);
        }

        Assert.Equal(2, most);
    }

    [Fact]
    public async Task Another_tenant_does_not_find_the_job_and_the_operator_does()
    {
        await using var jobs = new RunningJobs(this, http => WriteAsync(http, 200, "x"));
        var id = (await jobs.AcceptAsync(NextId())).Job.Id;
        Assert.Null(jobs.Find(id, "other"));
        Assert.NotNull(jobs.Find(id, ""));
        Assert.NotNull(jobs.Find(id));
    }

    [Fact]
    public async Task An_answer_that_was_cut_is_none()
    {
        await using var jobs = new RunningJobs(this, async http =>
        {
            await WriteAsync(http, 200, "half an ans");
            http.Abort();
        });
        var job = await jobs.EndOfAsync(await jobs.AcceptAsync(NextId()));
        Assert.Equal((JobStatus.Failed, 502), (job.Status, job.Result!.Status));
        Assert.DoesNotContain("half", Text(job), StringComparison.Ordinal);
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (var seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, now, seen);
        }
    }

    private static async Task WriteAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text));
    }

    private static string Text(Job job) => Encoding.UTF8.GetString(job.Result!.Body.Span);

    private string NextId() => $"job_{++_ids:000}";

    private sealed class RunningJobs : IAsyncDisposable
    {
        private readonly MetricRegistry _registry;
        private readonly JournalWriter _journal;
        private readonly JobDesk _desk;
        private readonly JobRunner _runner;

        public RunningJobs(JobRunnerTests test, RequestDelegate handler)
        {
            _registry = new MetricRegistry(test._time);
            var table = new JobTable(() => test._options, test._time);

            // The journal's clock stands still: its save interval is not what is tested here.
            _journal = JournalWriter.Open("/s/j", test._files, table, new JournalParts(
                () => TimeSpan.FromHours(1), new ManualClock(), new JournalMetrics(_registry), NullLogger.Instance));
            _desk = new JobDesk(table, _journal, new JobMetrics(_registry, table, test._time), test._time);
            _runner = new JobRunner(
                _desk, handler, () => test._options, test._time, new Random(1), NullLogger.Instance);
            _runner.Start();
        }

        public Task<JobEntry> AcceptAsync(string id) => _desk.AcceptAsync(
            new JobRequest
            {
                Id = id,
                Tenant = "",
                Api = "OpenAIChat",
                Model = "m",
                Endpoint = "/v1/chat/completions",
                Path = "/v1/chat/completions",
                RequestId = "r",
                Created = DateTimeOffset.UnixEpoch,
            },
            "{}"u8.ToArray());

        public JobEntry? Find(string id, string? tenant = null) => _desk.Find(tenant, id);

        public async Task<Job> EndOfAsync(JobEntry entry)
        {
            await entry.Final;
            return entry.Job;
        }

        public async ValueTask DisposeAsync()
        {
            await _runner.StopAsync(TimeSpan.Zero);
            await _runner.DisposeAsync();
            await _journal.DisposeAsync();
            _registry.Dispose();
        }
    }
}
