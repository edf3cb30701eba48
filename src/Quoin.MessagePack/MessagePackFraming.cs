using System.Buffers;

namespace Quoin.MessagePack;

/// <summary>
/// Cuts a stream into messages: values one after another, with nothing between them. It remembers how far it has
/// looked, and how many bytes must come at least before looking again can help, so each byte is looked at once however
/// small the pieces. It copies nothing, and holds 4 bytes a level of depth. One for each stream; not for several
/// threads at once.
/// </summary>
/// <param name="limits">What a message may cost; <see cref="MessagePackLimits.Default"/> if null.</param>
public sealed class MessagePackFraming(MessagePackLimits? limits = null)
{
    private readonly MessagePackLimits _limits = limits ?? MessagePackLimits.Default;
    private readonly uint[] _open = new uint[(limits ?? MessagePackLimits.Default).MaxDepth];
    private ValueWalk _walk;

    /// <summary>Bytes of the message that have been looked at.</summary>
    private long _scanned;

    /// <summary>Bytes of the message that there must be before more can be known.</summary>
    private long _needed = 1;

    private MessagePackException? _fault;

    /// <summary>Takes the first message out of the buffer.</summary>
    /// <param name="buffer">
    /// All that has come and is not taken yet: after false the same bytes again and those that have come since. Moved
    /// past the message when there is one.
    /// </param>
    /// <param name="message">The message: one whole value. Its lengths and depth are within the limits; what is in its
    /// strings and timestamps has not been looked at.</param>
    /// <returns>False while the message is not whole.</returns>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Malformed"/>, <see cref="MessagePackError.LimitExceeded"/>, with the place from the
    /// beginning of the message: of a length at once, of what is in an array or map at the latest when there are bytes
    /// enough for it. Thrown by all further calls too: there is no way to find the next message.
    /// </exception>
    /// <exception cref="ArgumentException">The buffer has fewer bytes than were looked at before.</exception>
    public bool TryReadMessage(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (_fault is not null)
        {
            throw new MessagePackException(_fault.Error, _fault.Offset, _fault.Expected);
        }

        if (buffer.Length < _scanned)
        {
            throw new ArgumentException("The beginning of the message is missing.", nameof(buffer));
        }

        if (buffer.Length < _needed)
        {
            return false;
        }

        try
        {
            if (!TryFindEnd(buffer))
            {
                return false;
            }
        }
        catch (MessagePackException e)
        {
            _fault = e;
            throw;
        }

        message = buffer.Slice(0, _scanned);
        buffer = buffer.Slice(_scanned);
        (_walk, _scanned, _needed) = (default, 0, 1);
        return true;
    }

    private bool TryFindEnd(in ReadOnlySequence<byte> buffer)
    {
        var reader = new MessagePackReader(buffer.Slice(_scanned), _limits, _scanned);
        while (true)
        {
            // What is certain to come is the header, or a byte of one, and of every awaited value but this one a byte.
            var awaited = Math.Max(_walk.Awaited - 1, 0);
            var known = reader.TryPeekHeader(out var header);
            if (known)
            {
                header.CheckLength(_limits, _scanned);
            }

            _needed = _scanned + (known ? header.TotalBytes + header.Children : reader.Remaining + 1) + awaited;
            if (_needed > _limits.MaxMessageBytes)
            {
                throw MessagePackReader.TooLong(_limits);
            }

            if (!known || header.TotalBytes > reader.Remaining)
            {
                return false;
            }

            // All that has come is looked at, so that what must still come is known as well as it can be.
            reader.TryPass(ref _walk, _open, out var whole);
            _scanned = reader.Consumed;
            if (whole)
            {
                return true;
            }
        }
    }
}
