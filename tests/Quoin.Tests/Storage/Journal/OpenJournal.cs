using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Storage.Journal;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage.Journal;

/// <summary>A journal on a disk of a test, with what it holds.</summary>
internal sealed class OpenJournal : IAsyncDisposable
{
    public const string Path = "/state/jobs.journal";

    public static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(30);

    private readonly MetricRegistry _registry;

    public OpenJournal(IJournalFiles files, ManualClock? clock = null, RecordList? state = null, string path = Path)
    {
        Clock = clock ?? new ManualClock();
        State = state ?? new RecordList();
        _registry = new MetricRegistry(Clock);
        var parts = new JournalParts(
            () => SaveInterval, Clock, new JournalMetrics(_registry), NullLogger.Instance);
        Writer = JournalWriter.Open(path, files, State, parts);
    }

    public ManualClock Clock { get; }

    public RecordList State { get; }

    public JournalWriter Writer { get; }

    public Task<JournalResult> AppendAsync(string text, byte type = 1) =>
        Writer.AppendAsync(type, Encoding.UTF8.GetBytes(text));

    /// <summary>The save interval passes, and the writer has done what it does then.</summary>
    public async Task SaveAsync()
    {
        // The append is answered before the interval's work is done; a clock that is turned on then is not seen.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Set() => done.TrySetResult();
        Clock.TimerSet += Set;
        Clock.Advance(SaveInterval);
        await AppendAsync("after the interval");
        await done.Task;
        Clock.TimerSet -= Set;
    }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        _registry.Dispose();
    }
}
