using System.Globalization;
using System.Text;

namespace Quoin.Server.Workers;

/// <summary>
/// The log of one of several processes that write to one output: each line gets the worker's number (the supervisor's
/// has none), and lines go out whole in pieces that a pipe does not mix with those of others
/// (<see cref="WorkerLimits.AtomicWrite"/>). Only a line that is longer by itself may be mixed. It is given whole
/// lines.
/// </summary>
internal sealed class LineStream(Stream output, int? worker) : Stream
{
    private readonly byte[] _json = Encoding.UTF8.GetBytes(
        worker is null ? "{" : string.Create(CultureInfo.InvariantCulture, $"{{\"worker\":{worker},"));

    private readonly byte[] _text = Encoding.UTF8.GetBytes(
        worker is null ? "" : string.Create(CultureInfo.InvariantCulture, $"worker={worker} "));

    private readonly byte[] _piece = new byte[WorkerLimits.AtomicWrite];
    private int _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var end = buffer.IndexOf((byte)'\n');
            var line = end < 0 ? buffer : buffer[..(end + 1)];
            buffer = buffer[line.Length..];
            var json = line[0] == (byte)'{';
            Add(json ? _json : _text, json ? line[1..] : line);
        }

        WritePiece();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        WritePiece();
        output.Flush();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Add(ReadOnlySpan<byte> start, ReadOnlySpan<byte> line)
    {
        var length = start.Length + line.Length;
        if (_length + length > _piece.Length)
        {
            WritePiece();
        }

        if (length > _piece.Length)
        {
            output.Write([.. start, .. line]);
            return;
        }

        start.CopyTo(_piece.AsSpan(_length));
        line.CopyTo(_piece.AsSpan(_length + start.Length));
        _length += length;
    }

    private void WritePiece()
    {
        if (_length > 0)
        {
            var piece = _piece.AsSpan(0, _length);
            _length = 0;
            output.Write(piece);
        }
    }
}
