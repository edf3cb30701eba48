using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Storage.Journal;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// The records of a journal: read to an end within the file, by what is sound; and what was read is the same once it
/// has been written anew. Inputs of an even length get right places and checksums, so that what is bent reaches the
/// readers behind them.
/// </summary>
internal sealed class JournalTarget() : FuzzTarget("journal", InputFormat.Text)
{
    public override IEnumerable<byte[]> Corpus()
    {
        var request = new JobRequest
        {
            Id = "job_1",
            Tenant = "t",
            Api = "OpenAIChat",
            Model = "m",
            Endpoint = "/v1/chat/completions",
            Path = "/v1/chat/completions",
            RequestId = "r",
            Created = DateTimeOffset.UnixEpoch,
            Headers = [("X-Quoin-Priority", "low")],
            IdempotencyKey = "k",
        };
        (byte, byte[])[] records =
        [
            (1, JobRecords.Accepted(request, "{}"u8)),
            (2, JobRecords.Started("job_1", 1, DateTimeOffset.UnixEpoch)),
            (3, JobRecords.Finished(
                "job_1", new RecordedAnswer(200, [("Content-Type", "application/json")], "{}"u8.ToArray()),
                DateTimeOffset.UnixEpoch)),
            (4, JobRecords.Cancelled("job_1", DateTimeOffset.UnixEpoch)),
            (5, JobRecords.WebhookSettled("job_1", delivered: true)),
        ];
        yield return Build(records, syncEach: true);
        yield return Build(records, syncEach: false);
        yield return Build([(1, Encoding.UTF8.GetBytes("QREC"))], syncEach: true);
    }

    public override void Run(byte[] input)
    {
        byte[] content = [.. JournalRecord.FileHeader(), .. input];
        if (input.Length % 2 == 0)
        {
            Repair(content);
        }

        var records = new List<(byte Type, byte[] Payload)>();
        using var file = new MemoryFile(content);
        var scan = new JournalReader(file, (type, payload) => records.Add((type, payload))).Read();
        FuzzFailure.Unless(scan.End <= scan.Length && scan.Length == content.Length, "ends beyond the file");
        FuzzFailure.Unless(scan.Records == records.Count, "counts other records than it gives");
        FuzzFailure.Unless(
            scan.Damaged.All(damage => damage.Start < damage.End && damage.End <= scan.Length),
            "damage is out of place");
        var table = new JobTable(static () => new JobsOptions(), TimeProvider.System);
        foreach (var (type, payload) in records)
        {
            table.Apply(type, payload);
        }

        var copy = new JobTable(static () => new JobsOptions(), TimeProvider.System);
        foreach (var (type, payload) in table.Snapshot())
        {
            copy.Apply(type, payload);
        }

        FuzzFailure.Unless(
            table.All().Select(entry => (entry.Job.Id, entry.Job.Status, entry.Job.Body.Length)).SequenceEqual(
                copy.All().Select(entry => (entry.Job.Id, entry.Job.Status, entry.Job.Body.Length))),
            "the jobs are others when written anew");
    }

    private static byte[] Build((byte Type, byte[] Payload)[] records, bool syncEach)
    {
        var content = new List<byte>(JournalRecord.FileHeader());
        foreach (var (type, payload) in records)
        {
            var record = new byte[JournalRecord.HeaderBytes + payload.Length];
            JournalRecord.Write(
                record, type, payload, content.Count, syncEach ? content.Count : JournalRecord.FileHeaderBytes);
            content.AddRange(record);
        }

        return [.. content.Skip(JournalRecord.FileHeaderBytes)];
    }

    private static void Repair(byte[] content)
    {
        for (var at = JournalRecord.FileHeaderBytes; at + JournalRecord.HeaderBytes <= content.Length;)
        {
            var next = content.AsSpan(at + 1).IndexOf(JournalRecord.MagicBytes);
            var end = next < 0 ? content.Length : at + 1 + next;
            var payload = content[Math.Min(at + JournalRecord.HeaderBytes, end)..end];
            if (payload.Length > 0 && content.AsSpan(at).StartsWith(JournalRecord.MagicBytes))
            {
                JournalRecord.Write(content.AsSpan(at..end), content[at + 12], payload, at, at);
            }

            at = end;
        }
    }

    private sealed class MemoryFile(byte[] content) : IJournalFile
    {
        public long Length => content.Length;

        public int Read(Span<byte> buffer, long position)
        {
            var count = (int)Math.Clamp(content.Length - position, 0, buffer.Length);
            content.AsSpan((int)Math.Min(position, content.Length), count).CopyTo(buffer);
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes, long position) => throw new NotSupportedException("only read");

        public void Sync()
        {
        }

        public void Truncate(long length) => throw new NotSupportedException("only read");

        public void Dispose()
        {
        }
    }
}
