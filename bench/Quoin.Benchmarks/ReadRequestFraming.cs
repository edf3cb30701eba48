using System.Buffers;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using Quoin.Http.Framing;

namespace Quoin.Benchmarks;

/// <summary>
/// What a request pays for the check of its framing: the judging alone, and a read that waits, with the check and
/// without.
/// </summary>
[MemoryDiagnoser]
public class ReadRequestFraming
{
    private static readonly byte[] Request =
    [
        .. "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: OpenAI/JS 7.1.0\r\n"u8,
        .. "Accept: application/json\r\nAuthorization: Bearer sk-0123456789abcdef0123456789abcdef\r\n"u8,
        .. "Content-Type: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nContent-Length: 1024\r\n\r\n"u8,
        .. new byte[1024],
    ];

    private readonly RequestFraming _framing = new();
    private readonly Pipe _bare = NewPipe();
    private readonly Pipe _checked = NewPipe();
    private FramedReader _reader = null!;

    [GlobalSetup]
    public void Setup() => _reader = new FramedReader(_checked.Reader, new RequestFraming());

    [Benchmark]
    public long Judge() => _framing.Read(new ReadOnlySequence<byte>(Request));

    [Benchmark(Baseline = true)]
    public Task<long> ReadBare() => ReadAsync(_bare.Writer, _bare.Reader);

    [Benchmark]
    public Task<long> ReadChecked() => ReadAsync(_checked.Writer, _reader);

    private static Pipe NewPipe() => new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        useSynchronizationContext: false));

    private static async Task<long> ReadAsync(PipeWriter writer, PipeReader reader)
    {
        var reading = reader.ReadAsync();
        await writer.WriteAsync(Request);
        var read = await reading;
        var length = read.Buffer.Length;
        reader.AdvanceTo(read.Buffer.End);
        return length;
    }
}
