namespace Quoin.Wasm.Running;

/// <summary>
/// A function type with a number that equal types share and others never have, so that an indirect call compares
/// numbers. Up to 19 values the number holds the type itself: a one, how many are parameters, and three bits for each
/// value, so that the usual types have numbers of 32 bits, and none has 0. Longer ones are interned: counted from -1
/// down, never reused, and forgotten when nobody holds the type.
/// </summary>
internal sealed class CanonicalType
{
    private const int PackedValues = 19;
    private const int BitsPerValue = 3;
    private const int BitsBeforeValues = 6;

    private static readonly Lock Guard = new();
    private static readonly Dictionary<FunctionType, WeakReference<CanonicalType>> Interned = [];
    private static long _last;
    private static int _sweepAt = 64;

    private CanonicalType(FunctionType type, long id)
    {
        Type = type;
        Id = id;
    }

    public FunctionType Type { get; }

    public long Id { get; }

    public static CanonicalType Of(FunctionType type) =>
        type.Parameters.Length + type.Results.Length <= PackedValues
            ? new CanonicalType(type, Pack(type))
            : Intern(type);

    private static long Pack(FunctionType type)
    {
        var id = 1 | ((long)type.Parameters.Length << 1);
        var shift = BitsBeforeValues;
        foreach (var kind in type.Parameters.Concat(type.Results))
        {
            id |= Code(kind) << shift;
            shift += BitsPerValue;
        }

        return id;
    }

    private static long Code(ValueKind kind) => kind switch
    {
        ValueKind.I32 => 1,
        ValueKind.I64 => 2,
        ValueKind.F32 => 3,
        ValueKind.F64 => 4,
        ValueKind.V128 => 5,
        ValueKind.FuncRef => 6,
        _ => 7,
    };

    private static CanonicalType Intern(FunctionType type)
    {
        lock (Guard)
        {
            if (Interned.TryGetValue(type, out var known) && known.TryGetTarget(out var canonical))
                return canonical;
            if (Interned.Count >= _sweepAt)
            {
                foreach (var dead in Interned.Where(pair => !pair.Value.TryGetTarget(out _)).ToList())
                    Interned.Remove(dead.Key);
                _sweepAt = Math.Max(64, Interned.Count * 2);
            }

            canonical = new CanonicalType(type, --_last);
            Interned[type] = new WeakReference<CanonicalType>(canonical);
            return canonical;
        }
    }
}
