using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http.WebSockets.Compression;
using Quoin.Http.WebSockets.Framing;
using Quoin.MessagePack;

namespace Quoin.Http.WebSockets;

/// <summary>Writes a value as MessagePack.</summary>
public delegate void MessagePackWrite<in T>(MessagePackWriter writer, T value);

/// <summary>
/// One client's WebSocket, given to the handler of <see cref="HttpApp.WebSocket"/> and closed when the handler ends.
/// One task may read; any may send, also at the same time.
/// </summary>
public sealed partial class WebSocketConnection
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The request of the handshake: its headers, query and route values.</summary>
    public HttpRequest Request => _context.Request;

    /// <summary>The sub-protocol that was agreed on; null: none.</summary>
    public string? SubProtocol { get; }

    /// <summary>Whether messages may be compressed.</summary>
    public bool IsCompressed { get; }

    /// <summary>Cancelled when nothing more will come: the peer has closed, or is gone, or a close has ended.</summary>
    public CancellationToken Closed { get; }

    /// <summary>
    /// Why it was closed, as the side said that closed it first; <see cref="WebSocketCloseCode.Abnormal"/> when the
    /// peer was gone without a word. Null while it is open.
    /// </summary>
    public WebSocketCloseCode? CloseCode { get; private set; }

    /// <summary>With <see cref="CloseCode"/>.</summary>
    public string CloseReason { get; private set; } = "";

    /// <summary>The messages, until the connection has ended; <see cref="CloseCode"/> says then why.</summary>
    /// <param name="cancellationToken">Ends the reading, not the connection.</param>
    /// <exception cref="InvalidOperationException">Another task reads.</exception>
    public async IAsyncEnumerable<WebSocketMessage> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _readers, 1) != 0)
        {
            throw new InvalidOperationException("the messages are being read already");
        }

        byte[] held = [];
        using var wake = cancellationToken.UnsafeRegister(static inbox => ((Inbox)inbox!).Wake(), _inbox);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_inbox.TryTake(out var message, out var ended))
                {
                    held = message.Array;
                    yield return new WebSocketMessage(held.AsMemory(0, message.Count), message.IsText);
                    PooledBytes.Return(held);
                    held = [];
                }
                else if (ended)
                {
                    yield break;
                }
                else
                {
                    await _inbox.WaitAsync();
                }
            }
        }
        finally
        {
            PooledBytes.Return(held);
            Volatile.Write(ref _readers, 0);
        }
    }

    /// <summary>
    /// Sends a text. It is on its way when this returns, and waits here only while the peer is slow and
    /// <see cref="WebSocketOptions.SendQueueSize"/> bytes wait already.
    /// </summary>
    /// <param name="cancellationToken">Of no effect once a part has been sent.</param>
    /// <exception cref="WebSocketClosedException">The connection is closed, or was while this waited.</exception>
    /// <exception cref="ArgumentException">The text has half a surrogate pair.</exception>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!(IsCompressed && text.Length >= _options.CompressionMinSize) && _outbox.TrySend(text))
        {
            WebSocketMetrics.Sent();
            return ValueTask.CompletedTask;
        }

        return new(SendTextAsync(text, cancellationToken));
    }

    /// <summary>Sends a binary message.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(Opcode.Binary, payload, cancellationToken);

    /// <summary>Sends a message as it came, from this connection or another.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    public ValueTask SendAsync(WebSocketMessage message, CancellationToken cancellationToken = default) =>
        SendAsync(message.IsText ? Opcode.Text : Opcode.Binary, message.Payload, cancellationToken);

    /// <summary>Sends a value as MessagePack, in a binary message.</summary>
    /// <param name="write">Writes the value.</param>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    public async ValueTask SendMessagePackAsync<T>(
        T value, MessagePackWrite<T> write, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var bytes = new PooledBytes();
        write(new MessagePackWriter(bytes), value);
        await SendAsync(Opcode.Binary, bytes.Memory, cancellationToken);
    }

    /// <summary>
    /// Sends a text if that needs no waiting: for senders to many, whom a slow reader must not hold up. False: it was
    /// not sent, for the connection is closed or its queue is full.
    /// </summary>
    /// <exception cref="ArgumentException">The text has half a surrogate pair.</exception>
    public bool TrySend(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TrySend(Opcode.Text, Strict.GetBytes(text));
    }

    /// <summary>The same with a binary message.</summary>
    /// <inheritdoc cref="TrySend(string)"/>
    public bool TrySend(ReadOnlyMemory<byte> payload) => TrySend(Opcode.Binary, payload);

    /// <summary>Until all that was sent has left for the peer, batches too.</summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) =>
        _outbox.FlushAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Closes the connection: what was sent before goes out, and the peer has <see
    /// cref="WebSocketOptions.CloseTimeout"/> to answer. What it sends until then is not given to the handler.
    /// </summary>
    /// <param name="code">1000..1003, 1007..1014 or 3000..4999.</param>
    /// <param name="reason">123 bytes of UTF-8 at most.</param>
    /// <param name="cancellationToken">Ends the waiting alone.</param>
    /// <exception cref="ArgumentException">The code or the reason cannot be sent.</exception>
    public Task CloseAsync(
        WebSocketCloseCode code = WebSocketCloseCode.Normal, string reason = "",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (!CloseFrame.IsSendable((int)code))
        {
            throw new ArgumentException($"{(int)code}; accepted: 1000..1003, 1007..1014, 3000..4999", nameof(code));
        }

        if (Strict.GetByteCount(reason) is > WebSocketLimits.ReasonBytes and var length)
        {
            throw new ArgumentException(
                $"{length} bytes; accepted: {WebSocketLimits.ReasonBytes} at most", nameof(reason));
        }

        BeginClose(code, reason);
        return _ended.Task.WaitAsync(cancellationToken);
    }

    private ValueTask SendAsync(Opcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (IsCompressed && payload.Length >= _options.CompressionMinSize)
        {
            return new(SendCompressedAsync(opcode, payload, cancellationToken));
        }

        WebSocketMetrics.Sent();
        return _outbox.TrySend(opcode, payload.Span, compressed: false)
            ? ValueTask.CompletedTask
            : new(_outbox.SendAsync(opcode, payload, compressed: false, cancellationToken));
    }

    private bool TrySend(Opcode opcode, ReadOnlyMemory<byte> payload)
    {
        try
        {
            if (!IsCompressed || payload.Length < _options.CompressionMinSize)
            {
                return Counted(_outbox.TrySendWhole(opcode, payload.Span, compressed: false));
            }

            using var deflated = new PooledBytes();
            return Counted(MessageDeflater.TryDeflate(payload.Span, deflated)
                ? _outbox.TrySendWhole(opcode, deflated.Span, compressed: true)
                : _outbox.TrySendWhole(opcode, payload.Span, compressed: false));
        }
        catch (WebSocketClosedException)
        {
            return false;
        }
    }

    private static bool Counted(bool sent)
    {
        if (sent)
        {
            WebSocketMetrics.Sent();
        }

        return sent;
    }

    private async Task SendTextAsync(string text, CancellationToken cancellationToken)
    {
        var length = Strict.GetByteCount(text);
        var array = ArrayPool<byte>.Shared.Rent(Math.Max(1, length));
        try
        {
            Strict.GetBytes(text, array);
            await SendAsync(Opcode.Text, array.AsMemory(0, length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private async Task SendCompressedAsync(
        Opcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        using var deflated = new PooledBytes();
        var smaller = MessageDeflater.TryDeflate(payload.Span, deflated);
        var sent = smaller ? deflated.Memory : payload;
        if (!_outbox.TrySend(opcode, sent.Span, smaller))
        {
            await _outbox.SendAsync(opcode, sent, smaller, cancellationToken);
        }

        WebSocketMetrics.Sent();
    }
}
