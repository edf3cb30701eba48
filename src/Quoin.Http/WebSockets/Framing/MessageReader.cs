using Quoin.Http.WebSockets.Compression;

namespace Quoin.Http.WebSockets.Framing;

/// <summary>What came in.</summary>
internal enum Received
{
    /// <summary>All bytes that could be used are; more are needed.</summary>
    Nothing,
    Message,
    Ping,
    Pong,
    Close,

    /// <summary>The peer is to be told <see cref="MessageReader.Code"/>; nothing more is read.</summary>
    Fault,
}

/// <summary>
/// Puts a client's messages together from the bytes of its frames, however these are cut (RFC 6455 §5.4), and holds
/// them to the protocol and the limits:
/// <code>
/// header → payload, unmasked, text checked as it comes → … → last frame → decompressed → message
/// </code>
/// Control frames may come between the frames of a message. What a length announces is judged, and not allocated.
/// </summary>
internal sealed class MessageReader(WebSocketOptions options, bool deflate) : IDisposable
{
    private readonly PooledBytes _message = new();
    private byte[]? _control;
    private FrameHeader _frame;
    private long _read;
    private bool _inFrame;
    private bool _inMessage;
    private bool _text;
    private bool _compressed;
    private int _fragments;
    private Utf8Progress _utf8;

    /// <summary>Of the close frame that came, or of the one to send for a fault.</summary>
    public WebSocketCloseCode Code { get; private set; }

    /// <summary>With <see cref="Code"/>.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Of the ping or pong that came.</summary>
    public ReadOnlySpan<byte> Control => _control.AsSpan(0, (int)_frame.Length);

    /// <summary>Of the message that came.</summary>
    public bool IsText => _text;

    /// <summary>Reads up to the next thing to deal with, and takes what was used off the bytes.</summary>
    public Received Read(ref ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            if (!_inFrame)
            {
                var size = FrameHeader.Read(bytes, out var header, out var fault);
                if (size == 0)
                {
                    return fault is null ? Received.Nothing : Fail(WebSocketCloseCode.ProtocolError, fault);
                }

                bytes = bytes[size..];
                if (!Begin(header))
                {
                    return Received.Fault;
                }
            }

            var piece = bytes[..(int)Math.Min(bytes.Length, _frame.Length - _read)];
            bytes = bytes[piece.Length..];
            if (!(_frame.IsControl ? AddControl(piece) : AddData(piece)))
            {
                return Received.Fault;
            }

            if (_read < _frame.Length)
            {
                return Received.Nothing;
            }

            _inFrame = false;
            var received = _frame.IsControl ? EndControl() : _frame.Final ? EndMessage() : Received.Nothing;
            if (received != Received.Nothing)
            {
                return received;
            }
        }
    }

    /// <summary>The message that came; its array is the caller's to give back.</summary>
    public (byte[] Array, int Count) TakeMessage() => _message.Detach();

    public void Dispose() => _message.Dispose();

    private bool Begin(FrameHeader header)
    {
        (_frame, _read, _inFrame) = (header, 0, true);
        if (header.IsControl)
        {
            return true;
        }

        if (header.Opcode == Opcode.Continuation)
        {
            if (!_inMessage)
            {
                return Fault(WebSocketCloseCode.ProtocolError, "a continuation of nothing");
            }

            if (header.Compressed)
            {
                return Fault(WebSocketCloseCode.ProtocolError, "a continuation says that it is compressed");
            }
        }
        else if (_inMessage)
        {
            return Fault(WebSocketCloseCode.ProtocolError, "a message begins within another");
        }
        else if (header.Compressed && !deflate)
        {
            return Fault(WebSocketCloseCode.ProtocolError, "compression was not agreed on");
        }
        else
        {
            (_inMessage, _text, _compressed, _fragments) = (true, header.Opcode == Opcode.Text, header.Compressed, 0);
            _utf8 = default;
        }

        return ++_fragments > options.MaxFragments
            ? Fault(WebSocketCloseCode.PolicyViolation, $"a message has more than {options.MaxFragments} frames")
            : header.Length <= options.MaxMessageSize - _message.Count || TooBig();
    }

    private bool AddControl(ReadOnlySpan<byte> piece)
    {
        _control ??= new byte[WebSocketLimits.ControlBytes];
        Masking.Copy(piece, _control.AsSpan((int)_read), _frame.Mask, _read);
        _read += piece.Length;
        return true;
    }

    private bool AddData(ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
        {
            return true;
        }

        var added = _message.Add(piece.Length);
        Masking.Copy(piece, added, _frame.Mask, _read);
        _read += piece.Length;
        return !_text || _compressed || _utf8.Add(added) || NoText();
    }

    private Received EndControl()
    {
        switch (_frame.Opcode)
        {
            case Opcode.Ping:
                return Received.Ping;
            case Opcode.Pong:
                return Received.Pong;
            default:
                var sound = CloseFrame.TryRead(Control, out var code, out var reason);
                (Code, Reason) = (code, sound ? reason : "the close frame is no good");
                return sound ? Received.Close : Received.Fault;
        }
    }

    private Received EndMessage()
    {
        _inMessage = false;
        if (_compressed)
        {
            var inflated = MessageInflater.Inflate(_message, options.MaxMessageSize);
            if (inflated != Inflated.Whole)
            {
                return inflated == Inflated.TooBig
                    ? Fail(WebSocketCloseCode.TooBig, TooBigReason)
                    : Fail(WebSocketCloseCode.InvalidData, "a message cannot be decompressed");
            }

            if (_text && !_utf8.Add(_message.Span))
            {
                return Fail(WebSocketCloseCode.InvalidData, "a text is not UTF-8");
            }
        }

        return _text && !_utf8.IsWhole ? Fail(WebSocketCloseCode.InvalidData, "a text is not UTF-8") : Received.Message;
    }

    private string TooBigReason => $"a message has more than {options.MaxMessageSize} bytes";

    private bool TooBig() => Fault(WebSocketCloseCode.TooBig, TooBigReason);

    private bool NoText() => Fault(WebSocketCloseCode.InvalidData, "a text is not UTF-8");

    private bool Fault(WebSocketCloseCode code, string reason)
    {
        (Code, Reason) = (code, reason);
        return false;
    }

    private Received Fail(WebSocketCloseCode code, string reason)
    {
        Fault(code, reason);
        return Received.Fault;
    }
}
