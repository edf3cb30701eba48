using System.Text;
using Quoin.Server.Storage.Journal;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage.Journal;

public sealed class JournalReaderTests
{
    private static readonly string[] Texts = ["one", "two and more", "", "four"];

    [Fact]
    public void Cut_at_any_byte_it_gives_the_records_before_the_cut()
    {
        var (content, starts) = Build(batches: [1, 1, 1, 1]);
        for (var length = JournalRecord.FileHeaderBytes; length <= content.Length; length++)
        {
            var (texts, scan) = Read(content[..length]);
            var whole = starts.Count(start => start.End <= length);
            Assert.Equal(Texts[..whole], texts);
            Assert.Empty(scan.Damaged);
            Assert.Equal(whole == 0 ? JournalRecord.FileHeaderBytes : starts[whole - 1].End, scan.End);
        }
    }

    [Fact]
    public void Any_changed_byte_costs_its_record_and_is_told_where_it_was_acknowledged()
    {
        var (content, starts) = Build(batches: [1, 1, 1, 1]);
        for (var at = JournalRecord.FileHeaderBytes; at < content.Length; at++)
        {
            var changed = (byte[])content.Clone();
            changed[at] ^= 0x40;
            var hit = Enumerable.Range(0, Texts.Length).First(i => at < starts[i].End);
            var (texts, scan) = Read(changed);
            Assert.Equal(Texts.Where((_, i) => i != hit), texts);

            // Nothing after the last record tells whether it was acknowledged: it ends the journal.
            Assert.Equal(hit == Texts.Length - 1 ? [] : [starts[hit]], scan.Damaged);
            Assert.Equal(hit == Texts.Length - 1 ? starts[hit].Start : content.Length, scan.End);
        }
    }

    [Fact]
    public void Sound_records_behind_a_torn_one_of_the_same_write_were_never_acknowledged()
    {
        var (content, starts) = Build(batches: [1, 3]);
        content[(int)starts[1].Start + 5] ^= 1;
        var (texts, scan) = Read(content);
        Assert.Equal(Texts[..1], texts);
        Assert.Empty(scan.Damaged);
        Assert.Equal(starts[0].End, scan.End);
    }

    [Fact]
    public void A_payload_that_looks_like_a_record_is_none()
    {
        var inner = new byte[JournalRecord.HeaderBytes + 4];
        JournalRecord.Write(inner, 1, "evil"u8, position: 20, synced: 20);
        var (content, starts) = Build([1, 1, 1], [Encoding.Latin1.GetString(inner), "b", "c"]);
        content[(int)starts[0].Start + 4] ^= 1;
        var (texts, scan) = Read(content);
        Assert.Equal(["b", "c"], texts);
        Assert.Equal([starts[0]], scan.Damaged);
    }

    [Fact]
    public void Zeros_behind_the_end_are_a_torn_write()
    {
        var (content, _) = Build(batches: [4]);
        var (texts, scan) = Read([.. content, .. new byte[4096]]);
        Assert.Equal(Texts, texts);
        Assert.Equal(content.Length, scan.End);
        Assert.Equal(content.Length + 4096, scan.Length);
    }

    [Fact]
    public void Damage_across_a_search_window_is_passed()
    {
        var (content, starts) = Build([1, 1, 1], ["a", new string('x', 3 * JournalLimits.SearchBytes), "c"]);
        content[(int)starts[1].Start] ^= 1;
        var (texts, scan) = Read(content);
        Assert.Equal(["a", "c"], texts);
        Assert.Equal([starts[1]], scan.Damaged);
    }

    [Fact]
    public void What_is_no_journal_is_refused() =>
        Assert.Throws<JournalException>(() => Read(Encoding.UTF8.GetBytes("a file that somebody needs")));

    private static (List<string> Texts, JournalScan Scan) Read(byte[] content)
    {
        var files = new FaultyFiles();
        files.Put("x", content);
        var texts = new List<string>();
        using var file = files.TryOpen("x")!;
        var scan = new JournalReader(file, (_, payload) => texts.Add(Encoding.Latin1.GetString(payload))).Read();
        return (texts, scan);
    }

    /// <summary>Records written in batches of so many, each synced before the next.</summary>
    private static (byte[] Content, JournalDamage[] Places) Build(int[] batches, string[]? texts = null)
    {
        var content = new List<byte>(JournalRecord.FileHeader());
        var places = new List<JournalDamage>();
        var next = new Queue<string>(texts ?? Texts);
        foreach (var batch in batches)
        {
            var synced = content.Count;
            for (var i = 0; i < batch; i++)
            {
                var payload = Encoding.Latin1.GetBytes(next.Dequeue());
                var record = new byte[JournalRecord.HeaderBytes + payload.Length];
                JournalRecord.Write(record, 1, payload, content.Count, synced);
                places.Add(new JournalDamage(content.Count, content.Count + record.Length));
                content.AddRange(record);
            }
        }

        return ([.. content], [.. places]);
    }
}
