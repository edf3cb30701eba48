using System.Text;
using Quoin.MessagePack;

namespace Quoin.Http.WebSockets;

/// <summary>A whole message. Its bytes are good until the next one is asked for.</summary>
public readonly struct WebSocketMessage
{
    internal WebSocketMessage(ReadOnlyMemory<byte> payload, bool isText) => (Payload, IsText) = (payload, isText);

    /// <summary>UTF-8 that has been checked, else binary.</summary>
    public bool IsText { get; }

    /// <summary>The bytes; of a text in UTF-8.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The text.</summary>
    /// <exception cref="InvalidOperationException">The message is binary.</exception>
    public string Text => IsText
        ? Encoding.UTF8.GetString(Payload.Span)
        : throw new InvalidOperationException("a binary message has no text");

    /// <summary>Reads a binary message as MessagePack.</summary>
    /// <param name="limits">Null: the defaults.</param>
    /// <exception cref="InvalidOperationException">The message is text.</exception>
    public MessagePackReader ReadMessagePack(MessagePackLimits? limits = null) => IsText
        ? throw new InvalidOperationException("a text is no MessagePack")
        : new MessagePackReader(Payload.Span, limits);
}
