using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;

namespace Quoin.Server.Workers.Sharing;

/// <summary>What a key has spent in each period, and what its requests under way may yet spend.</summary>
internal sealed record SharedSpent(Spent[] Spent, Amounts Reserved);

/// <summary>
/// Reserve: key, cost, tokens, then of each budget period, dollars and tokens (nil: none). Reserved: the number of the
/// budget that refused (0: none) and the second of Unix time at which it has more. Book: key, what was reserved, what
/// was used. Restore: key, period, its first day, cost, tokens. ReadSpent: key. Spent: of each period its first day,
/// cost and tokens, then what is reserved.
/// </summary>
internal static class BudgetMessages
{
    private const int BudgetFields = 3;

    public static void WriteReserve(
        IBufferWriter<byte> output, long id, string key, Amounts estimate, IReadOnlyList<BudgetOptions> budgets)
    {
        var writer = Begin(output, SharedKind.Reserve, id, key, 2 + (budgets.Count * BudgetFields));
        Write(writer, estimate);
        foreach (var budget in budgets)
        {
            writer.WriteInteger((int)BudgetPeriods.Parse(budget.Per));
            if (budget.Amount is { } dollars)
            {
                writer.WriteDouble(dollars);
            }
            else
            {
                writer.WriteNil();
            }

            if (budget.Tokens is { } tokens)
            {
                writer.WriteInteger(tokens);
            }
            else
            {
                writer.WriteNil();
            }
        }
    }

    /// <summary>After the key. False: what it asks for cannot be.</summary>
    public static bool TryReadReserve(
        ref MessagePackReader reader, int fields, out Amounts estimate, out BudgetOptions[] budgets)
    {
        var count = (fields - 3) / BudgetFields;
        budgets = [];
        if (!TryRead(ref reader, out estimate) || estimate.Cost < 0 || estimate.Tokens < 0
            || count < 0 || count > BudgetPeriods.Names.Length || fields != 3 + (count * BudgetFields))
        {
            return false;
        }

        budgets = new BudgetOptions[count];
        for (var i = 0; i < count; i++)
        {
            var period = reader.ReadInt32();
            double? dollars = reader.TakeNil() ? null : reader.ReadDouble();
            long? tokens = reader.TakeNil() ? null : reader.ReadInt64();
            if (period < 0 || period >= BudgetPeriods.Names.Length || dollars is not (null or (>= 0 and <= 1e9))
                || tokens is not (null or (>= 0 and <= SharingLimits.Units)))
            {
                return false;
            }

            budgets[i] = new BudgetOptions { Per = BudgetPeriods.Names[period], Amount = dollars, Tokens = tokens };
        }

        return true;
    }

    public static void WriteReserved(IBufferWriter<byte> output, long id, int refused, DateTimeOffset resets)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.Reserved, id, 2);
        writer.WriteInteger(refused);
        writer.WriteInteger(resets.ToUnixTimeSeconds());
    }

    /// <summary>False: it is not an answer to these budgets.</summary>
    public static bool TryReadReserved(
        ref MessagePackReader reader, IReadOnlyList<BudgetOptions> budgets, out BudgetRefusal? refusal)
    {
        var (refused, resets) = (reader.ReadInt32(), reader.ReadInt64());
        refusal = null;
        if (refused < 0 || refused > budgets.Count || resets < 0
            || resets > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return false;
        }

        if (refused > 0)
        {
            refusal = new BudgetRefusal(budgets[refused - 1], DateTimeOffset.FromUnixTimeSeconds(resets));
        }

        return true;
    }

    public static void WriteBook(IBufferWriter<byte> output, string key, Amounts reserved, Amounts used)
    {
        var writer = Begin(output, SharedKind.Book, 0, key, 4);
        Write(writer, reserved);
        Write(writer, used);
    }

    public static bool TryReadBook(ref MessagePackReader reader, out Amounts reserved, out Amounts used)
    {
        used = default;
        return TryRead(ref reader, out reserved) && TryRead(ref reader, out used);
    }

    public static void WriteRestore(IBufferWriter<byte> output, string key, BudgetPeriod period, in Spent spent)
    {
        var writer = Begin(output, SharedKind.Restore, 0, key, 4);
        writer.WriteInteger((int)period);
        writer.WriteInteger(spent.Start.DayNumber);
        Write(writer, spent.Amounts);
    }

    /// <param name="today">A period that begins long after it cannot be.</param>
    public static bool TryReadRestore(
        ref MessagePackReader reader, DateOnly today, out BudgetPeriod period, out Spent spent)
    {
        (period, spent) = ((BudgetPeriod)reader.ReadInt32(), default);
        var start = reader.ReadInt32();
        if (!Enum.IsDefined(period) || start < 0 || start > today.DayNumber + SharingLimits.DaysAhead
            || !TryRead(ref reader, out var amounts))
        {
            return false;
        }

        spent = new Spent(DateOnly.FromDayNumber(start), amounts);
        return true;
    }

    public static void WriteReadSpent(IBufferWriter<byte> output, long id, string key) =>
        Begin(output, SharedKind.ReadSpent, id, key, 0);

    public static void WriteSpent(IBufferWriter<byte> output, long id, SharedSpent spent)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.Spent, id, 2 + (spent.Spent.Length * 3));
        foreach (var period in spent.Spent)
        {
            writer.WriteInteger(period.Start.DayNumber);
            Write(writer, period.Amounts);
        }

        Write(writer, spent.Reserved);
    }

    public static SharedSpent? ReadSpent(ref MessagePackReader reader, int fields)
    {
        var spent = new Spent[BudgetPeriods.Names.Length];
        if (fields != 2 + (spent.Length * 3))
        {
            return null;
        }

        for (var i = 0; i < spent.Length; i++)
        {
            var start = reader.ReadInt32();
            if (start < 0 || start > DateOnly.MaxValue.DayNumber || !TryRead(ref reader, out var amounts))
            {
                return null;
            }

            spent[i] = new Spent(DateOnly.FromDayNumber(start), amounts);
        }

        return TryRead(ref reader, out var reserved) ? new SharedSpent(spent, reserved) : null;
    }

    private static MessagePackWriter Begin(
        IBufferWriter<byte> output, SharedKind kind, long id, string key, int fields)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, kind, id, 1 + fields);
        writer.WriteString(BucketMessages.NameOf(key));
        return writer;
    }

    private static void Write(MessagePackWriter writer, Amounts amounts)
    {
        writer.WriteInteger(amounts.Cost);
        writer.WriteInteger(amounts.Tokens);
    }

    private static bool TryRead(ref MessagePackReader reader, out Amounts amounts)
    {
        amounts = new Amounts(reader.ReadInt64(), reader.ReadInt64());
        return Int128.Abs(amounts.Cost) <= SharingLimits.Units
            && Int128.Abs(amounts.Tokens) <= SharingLimits.Units;
    }
}
