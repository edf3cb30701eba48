using System.Buffers;
using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>Something that a worker asks its supervisor, whose answer is still to come.</summary>
internal abstract class SharedQuestion
{
    /// <summary>Which of the worker's connections it was asked over.</summary>
    public int Connection { get; set; }

    public abstract void Write(IBufferWriter<byte> output, long id);

    /// <exception cref="MessagePackException">It cannot be read.</exception>
    public abstract void Answer(SharedKind kind, ref MessagePackReader reader, int fields);

    /// <summary>There will be no answer.</summary>
    public abstract void Fail();
}

/// <summary>
/// An answer either comes while somebody waits for it, or is given back: who is first, the answer or the end of the
/// waiting, decides.
/// </summary>
internal abstract class SharedQuestion<T> : SharedQuestion
    where T : class
{
    private readonly TaskCompletionSource<SharedReply<T>> _reply =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _ended;

    /// <summary>Completes unless it is abandoned.</summary>
    public Task<SharedReply<T>> Reply => _reply.Task;

    public sealed override void Answer(SharedKind kind, ref MessagePackReader reader, int fields)
    {
        var answer = Read(kind, ref reader, fields);
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _reply.SetResult(new SharedReply<T>(Available: true, answer));
        }
        else if (answer is not null)
        {
            GiveBack(answer);
        }
    }

    public sealed override void Fail()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _reply.SetResult(default);
        }
    }

    /// <summary>False: the reply is there.</summary>
    public bool Abandon() => Interlocked.Exchange(ref _ended, 1) == 0;

    /// <summary>Undoes what was answered, as nobody has waited for it.</summary>
    public abstract void GiveBack(T answer);

    /// <summary>Null: it is not an answer to this, such as <see cref="SharedKind.Unknown"/>.</summary>
    protected abstract T? Read(SharedKind kind, ref MessagePackReader reader, int fields);
}

/// <param name="Available">The supervisor has answered.</param>
/// <param name="Answer">Null also where it does not know such questions: it may be of another version.</param>
internal readonly record struct SharedReply<T>(bool Available, T? Answer)
    where T : class;
