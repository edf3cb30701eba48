using System.Buffers;
using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// A worker's side of what is said to its supervisor, without I/O: questions with their numbers, whose answers may come
/// in any order, and notes that nobody answers. Notes wait for a connection; questions do not, and end without an
/// answer when it is lost. What was noted before a question is sent before it.
/// </summary>
internal sealed class SharedAsks
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, SharedQuestion> _asked = [];
    private readonly ArrayBufferWriter<byte> _notes = new();
    private readonly ArrayBufferWriter<byte> _questions = new();
    private readonly ArrayBufferWriter<byte> _sending = new();
    private long _ids;
    private long _lost;
    private int _connection;
    private int _notesWaiting;
    private int _notesSending;
    private bool _connected;

    /// <summary>Notes that have not arrived, or may not have.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>The number of the connection; of each its own.</summary>
    public int Connection => Volatile.Read(ref _connection);

    public void Connect()
    {
        lock (_lock)
        {
            _connected = true;
            _connection++;
        }
    }

    /// <summary>The connection is lost, and with it the answers and what was being sent.</summary>
    public void Disconnect()
    {
        SharedQuestion[] unanswered;
        lock (_lock)
        {
            _connected = false;
            unanswered = [.. _asked.Values];
            _asked.Clear();
            _questions.ResetWrittenCount();
            Interlocked.Add(ref _lost, _notesSending);
            _notesSending = 0;
        }

        foreach (var question in unanswered)
        {
            question.Fail();
        }
    }

    /// <summary>False: there is no connection, or too much is asked.</summary>
    public bool TryAsk(SharedQuestion question)
    {
        lock (_lock)
        {
            if (!_connected || _asked.Count >= SharingLimits.Asked
                || _questions.WrittenCount >= SharingLimits.AskedBytes)
            {
                return false;
            }

            var id = ++_ids;
            question.Connection = _connection;
            question.Write(_questions, id);
            _asked[id] = question;
            return true;
        }
    }

    /// <summary>False: too many wait, and it is lost.</summary>
    public bool TryNote(Action<IBufferWriter<byte>> write)
    {
        lock (_lock)
        {
            if (_notes.WrittenCount >= SharingLimits.NotedBytes)
            {
                _lost++;
                return false;
            }

            write(_notes);
            _notesWaiting++;
            return true;
        }
    }

    /// <summary>What is to be sent next, until it is asked again; empty when there is nothing.</summary>
    public ReadOnlyMemory<byte> TakeUnsent()
    {
        lock (_lock)
        {
            _sending.ResetWrittenCount();
            _sending.Write(_notes.WrittenSpan);
            _sending.Write(_questions.WrittenSpan);
            _notes.ResetWrittenCount();
            _questions.ResetWrittenCount();
            (_notesSending, _notesWaiting) = (_notesWaiting, 0);
            return _sending.WrittenMemory;
        }
    }

    /// <summary>An answer has come. One that is not awaited, or that makes no sense, is passed over.</summary>
    /// <exception cref="MessagePackException">It is no message.</exception>
    public void Answer(in ReadOnlySequence<byte> message)
    {
        var reader = new MessagePackReader(message, SharingLimits.Message);
        var (kind, id, fields) = SharedHeader.Read(ref reader);
        SharedQuestion? question;
        lock (_lock)
        {
            _asked.Remove(id, out question);
        }

        try
        {
            question?.Answer(kind, ref reader, fields);
        }
        catch (MessagePackException)
        {
            question!.Fail();
        }
    }
}
