using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _time = new();
    private readonly KeptLog _log = new();
    private ConfigurationSource? _source;

    public void Dispose()
    {
        _source?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_reload_swaps_the_snapshot_and_tells_what_changed()
    {
        var source = Open("llm: {timeout: 10s}");
        var before = source.Current;
        (QuoinOptions Old, QuoinOptions New)? told = null;
        using var subscription = source.OnChange((old, now) => told = (old, now));
        Write("llm: {timeout: 20s}\nlogging: {level: warn}");
        var result = source.Reload();
        Assert.True(result.Applied);
        Assert.Equal(["llm.timeout", "logging.level"], result.Changes.Select(change => change.Key));
        Assert.Equal(20, source.Current.Llm.Timeout.TotalSeconds);
        Assert.Equal(10, before.Llm.Timeout.TotalSeconds);
        Assert.Same(before, told!.Value.Old);
        Assert.Same(source.Current, told.Value.New);
        Assert.Contains(
            "ConfigurationReloaded: Configuration reloaded; changed: llm.timeout, logging.level", _log.Lines);
    }

    [Fact]
    public void A_bad_file_keeps_the_old_snapshot_and_logs_every_error()
    {
        var source = Open("llm: {timeout: 10s}");
        var before = source.Current;
        Write("llm: {timeout: 10}\nsever: 1\n");
        var result = source.Reload();
        Assert.False(result.Applied);
        Assert.Same(before, source.Current);
        Assert.Equal(2, result.Errors.Count);
        Assert.Contains(_log.Lines, line => line.Contains("2 errors; the old one stays", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("quoin.yaml:1:16: llm.timeout", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("quoin.yaml:2:1: sever", StringComparison.Ordinal));
        File.Delete(ConfigurationFile);
        Assert.Equal("quoin.yaml: no such file", Assert.Single(source.Reload().Errors).ToString());
        Assert.Same(before, source.Current);
    }

    [Fact]
    public void Settings_that_need_a_restart_keep_their_value_and_are_named()
    {
        var source = Open("server: {port: 1001, write_timeout: 10s}");
        Write("server: {port: 1002, write_timeout: 20s, host: 0.0.0.0}");
        var result = source.Reload();
        Assert.Equal(
            ["server.host", "server.port"],
            result.Changes.Where(change => change.Restart).Select(change => change.Key));
        Assert.Equal((1001, "127.0.0.1", 20), (
            source.Current.Server.Port, source.Current.Server.Host, source.Current.Server.WriteTimeout.TotalSeconds));
        Assert.Contains("RestartNeeded: server.port changed and takes effect at the next start", _log.Lines);
        // They are named again at each reload until the restart.
        Assert.Equal(2, source.Reload().Changes.Count);
    }

    [Fact]
    public void Command_line_and_environment_still_win_after_a_reload()
    {
        _folder.Write("quoin.yaml", "llm: {timeout: 10s}");
        var inputs = new ConfigurationInputs
        {
            WorkingFolder = _folder.Path,
            CommandLine = [new("--log-level", "logging.level", "error")],
            Environment = name => name == "LLM_TIMEOUT" ? "7000" : null,
        };
        _source = new ConfigurationSource(ConfigurationLoader.Load(inputs).Configuration!, inputs);
        Write("llm: {timeout: 20s, stall_timeout: 1s}\nlogging: {level: debug}");
        Assert.True(_source.Reload().Applied);
        Assert.Equal((7, 1, "error"), (
            _source.Current.Llm.Timeout.TotalSeconds,
            _source.Current.Llm.StallTimeout.TotalSeconds,
            _source.Current.Logging.Level));
    }

    [Fact]
    public void A_subscriber_that_fails_stops_neither_the_swap_nor_the_others()
    {
        var source = Open("");
        var told = 0;
        source.OnChange((_, _) => throw new InvalidOperationException("broken"));
        source.OnChange((_, _) => told++);
        source.OnChange((_, _) => told++).Dispose();
        Write("llm: {timeout: 20s}");
        Assert.True(source.Reload().Applied);
        Assert.Equal(1, told);
        Assert.Contains(_log.Lines, line => line.StartsWith("SubscriberFailed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_written_in_place_is_reloaded()
    {
        var source = Open("llm: {timeout: 10s}");
        await HintAfter(() => Write("llm: {timeout: 20s}"));
        await AdvanceUntil(() => source.Current.Llm.Timeout.TotalSeconds == 20);
    }

    [Fact]
    public async Task A_file_replaced_by_rename_is_reloaded_again_and_again()
    {
        var source = Open("llm: {timeout: 10s}");
        for (var seconds = 20; seconds < 23; seconds++)
        {
            var next = _folder.Write("quoin.yaml.new", $"llm: {{timeout: {seconds}s}}");
            await HintAfter(() => File.Move(next, ConfigurationFile, overwrite: true));
            await AdvanceUntil(() => source.Current.Llm.Timeout.TotalSeconds == seconds);
        }
    }

    [Fact]
    public async Task A_folder_that_is_never_quiet_does_not_put_a_reload_off()
    {
        var source = Open("llm: {timeout: 10s}");
        await HintAfter(() => Write("llm: {timeout: 20s}"));
        var step = ConfigurationFileWatch.Quiet / 2;
        for (var unrest = step; unrest < ConfigurationFileWatch.LongestUnrest; unrest += step)
        {
            _time.Advance(step);
            await HintAfter(() => _folder.Write("other.log", $"{unrest}"));
        }

        // The last event sets no timer any more, so it is only seen by a watcher of the test's own.
        _time.Advance(step);
        using var watcher = new FileSystemWatcher(_folder.Path) { EnableRaisingEvents = true };
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Changed += (_, _) => seen.TrySetResult();
        _folder.Write("other.log", "last");
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        _time.Advance(step);
        Assert.Equal(20, source.Current.Llm.Timeout.TotalSeconds);
    }

    [Fact]
    public async Task A_link_switched_to_another_folder_is_reloaded()
    {
        // As Kubernetes mounts a config map: the name is a link into a linked folder, and that link is replaced.
        foreach (var (version, seconds) in new[] { ("v1", 10), ("v2", 20), ("v3", 30) })
        {
            Directory.CreateDirectory(Path.Combine(_folder.Path, version));
            _folder.Write($"{version}/quoin.yaml", $"llm: {{timeout: {seconds}s}}");
        }

        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "..data"), "v1");
        File.CreateSymbolicLink(ConfigurationFile, Path.Combine("..data", "quoin.yaml"));
        var source = Start();
        Assert.Equal(10, source.Current.Llm.Timeout.TotalSeconds);
        foreach (var (version, seconds) in new[] { ("v2", 20), ("v3", 30) })
        {
            var link = Path.Combine(_folder.Path, "..data_new");
            Directory.CreateSymbolicLink(link, version);
            await HintAfter(() => Directory.Move(link, Path.Combine(_folder.Path, "..data_old" + version)));
            await HintAfter(() =>
            {
                File.Delete(Path.Combine(_folder.Path, "..data"));
                Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "..data"), version);
            });
            await AdvanceUntil(() => source.Current.Llm.Timeout.TotalSeconds == seconds);
        }

        // The folder behind the link is watched too.
        await HintAfter(() => _folder.Write("v3/quoin.yaml", "llm: {timeout: 40s}"));
        await AdvanceUntil(() => source.Current.Llm.Timeout.TotalSeconds == 40);
    }

    [Fact]
    public void A_change_without_any_event_is_found_by_the_period()
    {
        _folder.Write("quoin.yaml", "llm: {timeout: 10s}");
        var inputs = new ConfigurationInputs { WorkingFolder = _folder.Path };
        _source = new ConfigurationSource(ConfigurationLoader.Load(inputs).Configuration!, inputs);
        // Changed after it was read and before it is watched: no event tells of it.
        Write("llm: {timeout: 20s}");
        _source.Start(_log, _time);
        _time.Advance(ConfigurationFileWatch.Period);
        Assert.Equal(20, _source.Current.Llm.Timeout.TotalSeconds);
        Assert.Single(_log.Lines);
        _time.Advance(ConfigurationFileWatch.Period);
        Assert.Single(_log.Lines);
    }

    [Fact]
    public async Task A_bad_file_is_reported_once_and_mended_by_the_next_save()
    {
        var source = Open("llm: {timeout: 10s}");
        await HintAfter(() => Write("llm: {timeout: 10"));
        await AdvanceUntil(() => _log.Lines.Any(Refused));
        _time.Advance(ConfigurationFileWatch.Period);
        Assert.Single(_log.Lines, Refused);
        Assert.Equal(10, source.Current.Llm.Timeout.TotalSeconds);
        await HintAfter(() => Write("llm: {timeout: 20s}"));
        await AdvanceUntil(() => source.Current.Llm.Timeout.TotalSeconds == 20);
    }

    [Fact]
    public void Readers_never_see_half_of_a_reload()
    {
        var source = ConfigurationSource.Of(new QuoinOptions());
        using var stop = new CancellationTokenSource();
        var torn = 0;
        var reader = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                var current = source.Current;
                if (current.Llm.MaxConnections != 100 && current.Llm.MaxConnections != current.Server.MaxRequestSize)
                    torn++;
            }
        });
        reader.Start();
        for (var i = 2000; i < 5000; i++)
        {
            source.Replace(new QuoinOptions
            {
                Llm = new() { MaxConnections = i },
                Server = new() { MaxRequestSize = i },
            });
        }

        stop.Cancel();
        reader.Join();
        Assert.Equal(0, torn);
        Assert.Equal(4999, source.Current.Llm.MaxConnections);
    }

    private string ConfigurationFile => Path.Combine(_folder.Path, "quoin.yaml");

    private void Write(string yaml) => _folder.Write("quoin.yaml", yaml);

    private ConfigurationSource Open(string yaml)
    {
        Write(yaml);
        return Start();
    }

    private ConfigurationSource Start()
    {
        var inputs = new ConfigurationInputs { WorkingFolder = _folder.Path };
        _source = new ConfigurationSource(ConfigurationLoader.Load(inputs).Configuration!, inputs);
        _source.Start(_log, _time);
        return _source;
    }

    /// <summary>Does it and waits until the file system's event has set the timer.</summary>
    private async Task HintAfter(Action change)
    {
        var hint = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnTimerSet() => hint.TrySetResult();
        _time.TimerSet += OnTimerSet;
        change();
        await hint.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        _time.TimerSet -= OnTimerSet;
    }

    private static bool Refused(string line) => line.StartsWith("ConfigurationRefused", StringComparison.Ordinal);

    /// <summary>
    /// Lets quiet times pass until it is so: one change is several events, and a late one begins the quiet time anew.
    /// </summary>
    private async Task AdvanceUntil(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            _time.Advance(ConfigurationFileWatch.Quiet);
            await Task.Yield();
        }
    }
}
