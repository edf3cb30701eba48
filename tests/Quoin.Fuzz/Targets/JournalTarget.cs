using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Storage.Journal;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A journal's file: read to an end within it, by what is sound, or refused; and what is read once is read the same
/// once it has been written anew.
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
        yield return JournalRecord.FileHeader();
    }

    public override void Run(byte[] input)
    {
        var records = new List<(byte Type, byte[] Payload)>();
        JournalScan scan;
        try
        {
            using var file = new MemoryFile(input);
            scan = new JournalReader(file, (type, payload) => records.Add((type, payload))).Read();
        }
        catch (JournalException)
        {
            return;
        }

        FuzzFailure.Unless(scan.End <= scan.Length && scan.Length == input.Length, "ends beyond the file");
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

        return [.. content];
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
