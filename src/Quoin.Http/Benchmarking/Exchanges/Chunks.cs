using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>Takes the data out of a chunked body (RFC 9112 §7.1) that comes in pieces.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Chunks
{
    private State _state;
    private long _left;
    private int _lineBytes;

    private enum State
    {
        Size,
        Data,
        DataEnd,
        Trailer,
        Done,
    }

    public readonly bool IsDone => _state == State.Done;

    /// <summary>Takes from the front of the source; the next piece of data, or empty when more has to come.</summary>
    /// <exception cref="InvalidDataException">It is not chunked as it should be.</exception>
    public ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> source)
    {
        while (_state != State.Done)
        {
            if (_state == State.Data)
            {
                var data = source[..(int)Math.Min(_left, source.Length)];
                source = source[data.Length..];
                _left -= data.Length;
                _state = _left == 0 ? State.DataEnd : State.Data;
                return data;
            }

            var end = source.IndexOf("\r\n"u8);
            if (end < 0)
            {
                if (source.Length > BenchmarkLimits.ChunkLineBytes)
                {
                    throw Wrong();
                }

                return default;
            }

            var line = source[..end];
            source = source[(end + 2)..];
            EndLine(line);
        }

        return default;
    }

    private void EndLine(ReadOnlySpan<byte> line)
    {
        switch (_state)
        {
            case State.Size:
                // 15 digits stay below 2^60; behind the size there may be extensions.
                if (!Utf8Parser.TryParse(line, out _left, out var used, 'x') || used > 15 || _left < 0
                    || (used < line.Length && line[used] is not ((byte)';' or (byte)' ' or (byte)'\t')))
                {
                    throw Wrong();
                }

                _state = _left > 0 ? State.Data : State.Trailer;
                break;
            case State.DataEnd:
                _state = line.IsEmpty ? State.Size : throw Wrong();
                break;
            case State.Trailer:
                _lineBytes += line.Length;
                _state = line.IsEmpty ? State.Done
                    : _lineBytes > BenchmarkLimits.ChunkLineBytes ? throw Wrong() : State.Trailer;
                break;
        }
    }

    private static InvalidDataException Wrong() => new("the chunks of the answer are malformed");
}
