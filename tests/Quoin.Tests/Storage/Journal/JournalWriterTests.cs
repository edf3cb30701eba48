using Quoin.Server.Storage.Journal;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage.Journal;

public sealed class JournalWriterTests
{
    [Fact]
    public async Task What_was_appended_is_there_again()
    {
        var files = new FaultyFiles();
        await using (var first = new OpenJournal(files))
        {
            Assert.Equal(JournalResult.Durable, await first.AppendAsync("a", type: 7));
            Assert.Equal(JournalResult.Durable, await first.AppendAsync("b", type: 8));
            Assert.Equal([((byte)7, "a"), ((byte)8, "b")], first.State.Records);
        }

        await using var second = new OpenJournal(files);
        Assert.Equal([((byte)7, "a"), ((byte)8, "b")], second.State.Records);
        await second.AppendAsync("c");
        Assert.Equal(["a", "b", "c"], second.State.Texts);
    }

    [Fact]
    public async Task Nobody_is_told_before_the_sync_and_all_who_wait_share_one()
    {
        var files = new FaultyFiles();
        await using var journal = new OpenJournal(files);
        using var inSync = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        files.Syncing = () =>
        {
            inSync.Release();
            go.Wait();
        };
        var first = journal.AppendAsync("first");
        await inSync.WaitAsync();
        var waiting = Enumerable.Range(0, 100).Select(i => journal.AppendAsync($"{i}")).ToArray();
        Assert.False(first.IsCompleted);
        Assert.Empty(journal.State.Records);
        var syncs = files.Operations.Count(operation => operation == "sync");
        go.Set();
        Assert.All(await Task.WhenAll([first, .. waiting]), result => Assert.Equal(JournalResult.Durable, result));
        Assert.Equal(2, files.Operations.Count(operation => operation == "sync") - syncs);
        Assert.Equal(101, journal.State.Records.Count);
    }

    [Fact]
    public async Task A_full_disk_refuses_and_loses_nothing_and_takes_again_when_there_is_room()
    {
        var files = new FaultyFiles();
        await using (var journal = new OpenJournal(files))
        {
            await journal.AppendAsync("kept");
            files.Capacity = files.Content(OpenJournal.Path).Length + 10;
            Assert.Equal(JournalResult.Full, await journal.AppendAsync("refused"));
            Assert.Equal(JournalResult.Full, await journal.AppendAsync("refused too"));
            Assert.Equal(["kept"], journal.State.Texts);

            // What stays behind the end could be taken for records that were written.
            Assert.Equal(files.Capacity - 10, files.Content(OpenJournal.Path).Length);
            files.Capacity = long.MaxValue;
            Assert.Equal(JournalResult.Durable, await journal.AppendAsync("taken"));
        }

        await using var again = new OpenJournal(files);
        Assert.Equal(["kept", "taken"], again.State.Texts);
    }

    [Fact]
    public async Task It_opens_on_a_full_disk_with_a_torn_end()
    {
        var files = new FaultyFiles();
        await using (var journal = new OpenJournal(files))
        {
            await journal.AppendAsync("kept");
        }

        files.Put(OpenJournal.Path, [.. files.Content(OpenJournal.Path), 1, 2, 3]);
        files.Capacity = files.Content(OpenJournal.Path).Length;
        await using var again = new OpenJournal(files);
        Assert.Equal(["kept"], again.State.Texts);
        Assert.Equal(JournalResult.Full, await again.AppendAsync("refused"));
        files.Capacity = long.MaxValue;
        Assert.Equal(JournalResult.Durable, await again.AppendAsync("taken"));
    }

    [Fact]
    public async Task A_failed_sync_is_not_tried_again_but_the_journal_written_anew()
    {
        var files = new FaultyFiles();
        var random = new Random(1);
        await using var journal = new OpenJournal(files);
        await journal.AppendAsync("a");
        var failures = 1;
        files.Fault = operation => operation == "sync" && failures-- > 0 ? Errno.Io : null;
        Assert.Equal(JournalResult.Failed, await journal.AppendAsync("refused"));
        Assert.Equal(JournalResult.Durable, await journal.AppendAsync("b"));
        Assert.Equal(["a", "b"], journal.State.Texts);
        Assert.Equal(2, files.Operations.Count(operation => operation == "rename"));

        // What the failed sync left in memory is gone with the power; what was acknowledged is not.
        for (var outcome = 0; outcome < 20; outcome++)
        {
            await using var again = new OpenJournal(files.Reboot(random));
            Assert.Equal(["a", "b"], again.State.Texts);
        }
    }

    [Fact]
    public async Task While_the_disk_fails_nothing_is_acknowledged()
    {
        var files = new FaultyFiles();
        await using var journal = new OpenJournal(files);
        await journal.AppendAsync("a");
        files.Fault = operation => operation == "sync" ? Errno.Io : null;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(JournalResult.Failed, await journal.AppendAsync("refused"));
        }

        // One try to write it anew each second, however many ask.
        Assert.Equal(2, files.Operations.Count(operation => operation == "create"));
        files.Fault = static _ => null;
        Assert.Equal(JournalResult.Failed, await journal.AppendAsync("too early"));
        journal.Clock.Advance(JournalLimits.RecoveryPause);
        Assert.Equal(JournalResult.Durable, await journal.AppendAsync("b"));
        Assert.Equal(["a", "b"], journal.State.Texts);
    }

    [Fact]
    public async Task Compaction_leaves_out_what_the_state_has_dropped()
    {
        var files = new FaultyFiles();
        await using (var journal = new OpenJournal(files))
        {
            await journal.AppendAsync(new string('x', 10000));
            await journal.AppendAsync("y");
            var before = files.Content(OpenJournal.Path).Length;
            (journal.State.Dropped, journal.State.Garbage) = (text => text[0] == 'x', 10000);
            await journal.SaveAsync();
            await journal.AppendAsync("z");
            Assert.True(files.Content(OpenJournal.Path).Length < before - 9000);
        }

        await using var again = new OpenJournal(files);
        Assert.Equal(["y", "after the interval", "z"], again.State.Texts);
        Assert.Equal([OpenJournal.Path], files.Names);
    }

    [Fact]
    public async Task Little_garbage_is_left_for_some_intervals_and_not_for_ever()
    {
        var files = new FaultyFiles();
        await using var journal = new OpenJournal(files);
        await journal.AppendAsync(new string('x', 10000));
        journal.State.Garbage = 10;
        for (var i = 1; i < JournalLimits.IntervalsWithGarbage; i++)
        {
            await journal.SaveAsync();
        }

        await journal.AppendAsync("all intervals are over");
        Assert.Single(files.Operations, operation => operation == "create");
        await journal.SaveAsync();

        // The writer may take an append before the interval's end that came first.
        for (var i = 0; i < 100 && files.Operations.Count(operation => operation == "create") < 2; i++)
        {
            await journal.AppendAsync("and this one too");
        }

        Assert.Equal(2, files.Operations.Count(operation => operation == "create"));
    }

    [Theory]
    [InlineData("create", true)]
    [InlineData("rename", true)]
    [InlineData("syncfolder", false)]
    public async Task A_compaction_that_fails_costs_nothing(string step, bool goesOn)
    {
        var files = new FaultyFiles();
        await using (var journal = new OpenJournal(files))
        {
            await journal.AppendAsync("a");
            journal.State.Garbage = 10000;
            files.Fault = operation => operation == step ? Errno.NoSpace : null;
            await journal.SaveAsync();
            var result = await journal.AppendAsync("b");
            Assert.Equal(goesOn ? JournalResult.Durable : JournalResult.Failed, result);
            files.Fault = static _ => null;
            journal.Clock.Advance(JournalLimits.RecoveryPause);
            Assert.Equal(JournalResult.Durable, await journal.AppendAsync("c"));
            Assert.Equal(
                goesOn ? ["a", "b", "c"] : (string[])["a", "c"],
                journal.State.Texts.Where(text => text.Length == 1));
        }

        await using var again = new OpenJournal(files);
        Assert.Equal("c", again.State.Texts.Last());
    }

    [Fact]
    public async Task A_second_server_is_refused_until_the_first_has_ended()
    {
        var files = new FaultyFiles();
        await using (new OpenJournal(files))
        {
            Assert.Contains(
                "another server", Assert.Throws<JournalException>(() => new OpenJournal(files)).Message,
                StringComparison.Ordinal);
        }

        await using var next = new OpenJournal(files);
    }

    [Fact]
    public async Task Damage_in_the_middle_keeps_the_file_aside_and_the_other_records()
    {
        var files = new FaultyFiles();
        await using (var journal = new OpenJournal(files))
        {
            await journal.AppendAsync("a");
            await journal.AppendAsync("b");
            await journal.AppendAsync("c");
        }

        var content = files.Content(OpenJournal.Path);
        content[JournalRecord.FileHeaderBytes + JournalRecord.HeaderBytes + 1 + JournalRecord.HeaderBytes] ^= 1;
        files.Put(OpenJournal.Path, content);
        await using var again = new OpenJournal(files);
        Assert.Equal(["a", "c"], again.State.Texts);
        var aside = Assert.Single(files.Names, name => name.Contains(".damaged-", StringComparison.Ordinal));
        Assert.Equal(content, files.Content(aside));
    }

    [Fact]
    public void A_file_that_is_no_journal_is_left_alone()
    {
        var files = new FaultyFiles();
        files.Put(OpenJournal.Path, [.. "somebody's letters"u8]);
        Assert.Throws<JournalException>(() => new OpenJournal(files));
        Assert.Equal([.. "somebody's letters"u8], files.Content(OpenJournal.Path));
    }

    [Fact]
    public async Task After_the_end_appends_are_refused()
    {
        var journal = new OpenJournal(new FaultyFiles());
        await journal.DisposeAsync();
        Assert.Equal(JournalResult.Closed, await journal.AppendAsync("late"));
    }
}
