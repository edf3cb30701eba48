using System.Text;
using Quoin.Server.Workers;

namespace Quoin.Tests.Workers;

public sealed class LineStreamTests
{
    [Fact]
    public void Each_line_gets_the_number_of_its_worker()
    {
        var output = new Pieces();
        using var lines = new LineStream(output, 2);
        lines.Write("{\"time\":1}\n2026-01-01 info a\n"u8);
        Assert.Equal("{\"worker\":2,\"time\":1}\nworker=2 2026-01-01 info a\n", string.Concat(output.All));
    }

    [Fact]
    public void Lines_of_the_supervisor_stay_as_they_are()
    {
        var output = new Pieces();
        using var lines = new LineStream(output, worker: null);
        lines.Write("{\"time\":1}\ntext\n"u8);
        Assert.Equal("{\"time\":1}\ntext\n", string.Concat(output.All));
    }

    [Fact]
    public void Lines_go_out_whole_in_pieces_that_a_pipe_keeps_together()
    {
        var output = new Pieces();
        using var lines = new LineStream(output, 1);
        var line = $"{{\"a\":\"{new string('x', 1000)}\"}}\n";
        lines.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line, 10))));
        Assert.All(output.All, piece => Assert.True(piece.Length <= WorkerLimits.AtomicWrite && piece.EndsWith('\n')));
        Assert.Equal(10, string.Concat(output.All).Count(c => c == '\n'));
    }

    [Fact]
    public void A_line_longer_than_that_goes_out_at_once()
    {
        var output = new Pieces();
        using var lines = new LineStream(output, 1);
        lines.Write(Encoding.UTF8.GetBytes($"{{\"a\":1}}\n{{\"b\":\"{new string('x', 9000)}\"}}\n{{\"c\":1}}\n"));
        Assert.Equal(3, output.All.Count);
        Assert.Equal("{\"worker\":1,\"c\":1}\n", output.All[2]);
    }

    private sealed class Pieces : MemoryStream
    {
        public List<string> All { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer) => All.Add(Encoding.UTF8.GetString(buffer));

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
