using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// What a message between a worker and its supervisor says. A message is an array: its kind, the number of its request
/// (0: nobody waits for an answer), and the kind's own fields. During a restart processes of two versions speak to each
/// other: numbers are only added, the fields of a kind never change, and what is not known is answered as
/// <see cref="Unknown"/>.
/// </summary>
internal enum SharedKind
{
    Unknown = 0,

    /// <summary>Take from buckets: all or none.</summary>
    Take = 1,
    Taken = 2,

    /// <summary>Charge a bucket, or give back, without asking.</summary>
    Settle = 3,

    /// <summary>How long breakers are open yet.</summary>
    Breakers = 4,
    BreakersOpen = 5,
    OpenBreaker = 6,
    CloseBreaker = 7,

    /// <summary>Reserve an estimate in the budgets of a key.</summary>
    Reserve = 8,
    Reserved = 9,

    /// <summary>Book what was used in the place of what was reserved.</summary>
    Book = 10,

    /// <summary>What the database knows that a key has spent.</summary>
    Restore = 11,
    ReadSpent = 12,
    Spent = 13,
}

/// <summary>The beginning of every message.</summary>
internal static class SharedHeader
{
    private const int Fields = 2;

    public static void Write(MessagePackWriter writer, SharedKind kind, long id, int fields)
    {
        writer.WriteArrayHeader(Fields + fields);
        writer.WriteInteger((int)kind);
        writer.WriteInteger(id);
    }

    /// <exception cref="MessagePackException">It is no message.</exception>
    public static (SharedKind Kind, long Id, int Fields) Read(ref MessagePackReader reader)
    {
        var fields = reader.ReadArrayHeader() - Fields;
        return ((SharedKind)reader.ReadInt32(), reader.ReadInt64(), fields);
    }
}
