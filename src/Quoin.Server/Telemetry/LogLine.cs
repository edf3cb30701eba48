using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Builds one line of the log in bytes, as a JSON object or as readable <c>name=value</c> pairs, in a buffer that
/// its thread keeps: nothing is allocated but for the first lines. Both forms escape quotes, backslashes, controls
/// (C1 and DEL too, which terminals obey), line and paragraph separators and direction overrides, so that no value
/// can end its line, forge a field, or change what a reader of the log sees.
/// </summary>
internal sealed class LogLine
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    // What needs no quotes in the readable form.
    private static readonly SearchValues<char> Bare = SearchValues.Create(
        "$%&'()*+,-./0123456789:;@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");

    [ThreadStatic]
    private static LogLine? _ofThread;

    private byte[] _buffer = new byte[1024];
    private int _length;
    private bool _json;
    private bool _rented;

    /// <summary>The line so far; whole after <see cref="End"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>This thread's line, begun: time and level. <see cref="Return"/> ends its use.</summary>
    public static LogLine Rent(bool json, DateTimeOffset now, LogLevel level)
    {
        var line = _ofThread;
        if (line is null || line._rented)
        {
            line = new LogLine(); // A log call inside of a log call, by a ToString of a logged value.
            _ofThread ??= line;
        }

        line._rented = true;
        line._json = json;
        line._length = 0;
        line.Raw(json ? "{\"time\":\""u8 : default);
        line.Time(now);
        line.Raw(json ? "\",\"level\":\""u8 : " "u8);
        line.Raw(NameOf(level));
        line.Raw(json ? "\""u8 : default);
        return line;
    }

    public void Return()
    {
        _rented = false;
        if (_buffer.Length > TelemetryLimits.LogKeptLineBytes)
        {
            _buffer = new byte[1024];
        }
    }

    public void End() => Raw(_json ? "}\n"u8 : "\n"u8);

    /// <summary>A field, unless it is null. Longer values are cut and say so.</summary>
    public void Text(ReadOnlySpan<byte> name, string? value, int limit = TelemetryLimits.LogValueChars)
    {
        if (value is null)
        {
            return;
        }

        Name(name);
        Value(value, limit);
    }

    public void Number(ReadOnlySpan<byte> name, long value)
    {
        Name(name);
        Number(value);
    }

    /// <summary>A field of milliseconds with three decimals.</summary>
    public void Milliseconds(ReadOnlySpan<byte> name, long microseconds)
    {
        Name(name);
        Number(microseconds / 1000);
        var span = Reserve(4);
        var rest = (int)(microseconds % 1000);
        span[0] = (byte)'.';
        span[1] = (byte)('0' + (rest / 100));
        span[2] = (byte)('0' + (rest / 10 % 10));
        span[3] = (byte)('0' + (rest % 10));
        _length += 4;
    }

    /// <summary>A field that is there only when it is true.</summary>
    public void Flag(ReadOnlySpan<byte> name, bool value)
    {
        if (value)
        {
            Name(name);
            Raw("true"u8);
        }
    }

    /// <summary>A message or category in the readable form: a value without a name.</summary>
    public void Unnamed(string value)
    {
        Debug.Assert(!_json, "a JSON value has a name");
        Raw(" "u8);
        Value(value, TelemetryLimits.LogValueChars);
    }

    public void BeginObject(ReadOnlySpan<byte> name)
    {
        Name(name);
        Raw("{"u8);
    }

    public void EndObject() => Raw("}"u8);

    /// <summary>A field of an object of JSON, with a name of anybody's.</summary>
    public void Member(string name, string value, bool first)
    {
        Raw(first ? "\""u8 : ",\""u8);
        Escaped(name.AsSpan(0, Math.Min(name.Length, TelemetryLimits.LabelChars)));
        Raw("\":\""u8);
        Escaped(value.AsSpan(0, Math.Min(value.Length, TelemetryLimits.LogValueChars)));
        Raw("\""u8);
    }

    private static ReadOnlySpan<byte> NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace"u8,
        LogLevel.Debug => "debug"u8,
        LogLevel.Information => "info"u8,
        LogLevel.Warning => "warn"u8,
        _ => "error"u8,
    };

    private void Value(string value, int limit)
    {
        var quoted = _json || value.Length == 0 || value.AsSpan().ContainsAnyExcept(Bare);
        Raw(quoted ? "\""u8 : default);
        Escaped(value.AsSpan(0, Math.Min(value.Length, limit)));
        if (value.Length > limit)
        {
            Raw("… "u8);
            Number(value.Length - limit);
            Raw(" characters more"u8);
        }

        Raw(quoted ? "\""u8 : default);
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        Raw(_json ? ",\""u8 : " "u8);
        Raw(name);
        Raw(_json ? "\":"u8 : "="u8);
    }

    // RFC 3339 with milliseconds: the round-trip form, which is the quickest there is, less its last four digits.
    private void Time(DateTimeOffset now)
    {
        var span = Reserve(40);
        Utf8Formatter.TryFormat(now.UtcDateTime, span, out var written, 'O');
        Debug.Assert(written == 28, "yyyy-MM-ddTHH:mm:ss.fffffffZ");
        span[23] = (byte)'Z';
        _length += 24;
    }

    private void Number(long value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out var written);
        _length += written;
    }

    private void Escaped(ReadOnlySpan<char> value)
    {
        var span = Reserve(value.Length * 3);
        while (!value.IsEmpty)
        {
            var plain = value.IndexOfAnyExcept(Plain);
            if (plain < 0)
            {
                plain = value.Length;
            }

            _length += Encoding.UTF8.GetBytes(value[..plain], _buffer.AsSpan(_length));
            value = value[plain..];
            if (value.IsEmpty)
            {
                return;
            }

            _ = Rune.DecodeFromUtf16(value, out var rune, out var read); // Half a surrogate pair becomes U+FFFD.
            // A rune may grow to 6 bytes, more than the 3 a character that were reserved.
            Escaped(rune, Reserve(((value.Length - read) * 3) + 6));
            value = value[read..];
        }
    }

    private void Escaped(Rune rune, Span<byte> span)
    {
        switch (rune.Value)
        {
            case '"' or '\\':
                span[0] = (byte)'\\';
                span[1] = (byte)rune.Value;
                _length += 2;
                break;
            case '\n' or '\r' or '\t':
                span[0] = (byte)'\\';
                span[1] = (byte)(rune.Value == '\n' ? 'n' : rune.Value == '\r' ? 'r' : 't');
                _length += 2;
                break;
            case < 0x20 or (>= 0x7f and <= 0x9f) or 0x061c or 0x200e or 0x200f
                or (>= 0x2028 and <= 0x202e) or (>= 0x2066 and <= 0x2069) or 0xfeff:
                "\\u"u8.CopyTo(span);
                rune.Value.TryFormat(span[2..], out _, "x4", CultureInfo.InvariantCulture);
                _length += 6;
                break;
            default:
                _length += rune.EncodeToUtf8(span);
                break;
        }
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }

        return _buffer.AsSpan(_length);
    }
}
