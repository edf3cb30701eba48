namespace Quoin.Http.Framing;

/// <summary>
/// The line before a chunk, byte by byte (RFC 9112 §7.1): <c>size *( ; name [ = token or "quoted" ] ) CR LF</c>, with
/// blanks around <c>;</c> and <c>=</c> as §7.1.1 lets them be.
/// </summary>
internal sealed class ChunkLine
{
    private At _at;
    private int _digits;
    private int _bytes;

    private enum At
    {
        Size,
        AfterSize,
        BeforeName,
        Name,
        AfterName,
        BeforeValue,
        Token,
        Quoted,
        Escaped,
        AfterValue,
        LineFeed,
    }

    public long Size { get; private set; }

    public bool Ended { get; private set; }

    public string? Fault { get; private set; }

    public void Begin() => (_at, _digits, _bytes, Size, Ended) = (At.Size, 0, 0, 0, false);

    /// <summary>False when the line is wrong: <see cref="Fault"/> says how.</summary>
    public bool Read(byte next)
    {
        if (++_bytes > HttpLimits.ChunkLineBytes)
        {
            Fault = $"a chunk's line is too long; accepted: {HttpLimits.ChunkLineBytes} bytes";
            return false;
        }

        if (_at == At.LineFeed)
        {
            Ended = next == (byte)'\n';
        }
        else if (_at == At.Size && char.IsAsciiHexDigit((char)next))
        {
            // 15 digits keep it within a long; nobody sends an exabyte.
            Size = (Size << 4) | (uint)(next <= (byte)'9' ? next - '0' : (next | 0x20) - 'a' + 10);
            return ++_digits <= 15 || Wrong();
        }
        else if (Next(next) is { } at)
        {
            _at = at;
            return true;
        }

        return Ended || Wrong();
    }

    /// <summary>Null: this byte may not come here.</summary>
    private At? Next(byte next) => (_at, (char)next) switch
    {
        (At.Size, _) when _digits == 0 => null,
        (At.Quoted, '"') => At.AfterValue,
        (At.Quoted, '\\') => At.Escaped,
        (At.Quoted or At.Escaped, '\t' or (>= ' ' and not '\x7f')) => At.Quoted,
        (At.Quoted or At.Escaped, _) => null,
        (At.BeforeName or At.BeforeValue, ' ' or '\t') => _at,
        (At.BeforeName or At.Name, _) when FieldBytes.Token.Contains(next) => At.Name,
        (At.BeforeName, _) => null,
        (At.BeforeValue, '"') => At.Quoted,
        (At.BeforeValue or At.Token, _) when FieldBytes.Token.Contains(next) => At.Token,
        (At.BeforeValue, _) => null,
        (At.Name or At.AfterName, '=') => At.BeforeValue,
        (_, '\r') => At.LineFeed,
        (_, ';') => At.BeforeName,
        (At.Size or At.AfterSize, ' ' or '\t') => At.AfterSize,
        (At.Name or At.AfterName, ' ' or '\t') => At.AfterName,
        (At.Token or At.AfterValue, ' ' or '\t') => At.AfterValue,
        _ => null,
    };

    private bool Wrong()
    {
        Fault = "a chunk's line is wrong; accepted: hexadecimal size, extensions, CR LF";
        return false;
    }
}
