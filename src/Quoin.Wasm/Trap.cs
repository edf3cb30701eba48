namespace Quoin.Wasm;

/// <summary>Why a program was stopped.</summary>
public enum TrapKind : byte
{
    /// <summary>It ran into an <c>unreachable</c> instruction.</summary>
    Unreachable,

    /// <summary>It read or wrote outside its memory.</summary>
    MemoryOutOfBounds,

    /// <summary>It used an entry that its table does not have.</summary>
    TableOutOfBounds,

    /// <summary>It called through a table at an index that the table does not have.</summary>
    UndefinedElement,

    /// <summary>It called through an empty table entry.</summary>
    UninitializedElement,

    /// <summary>It called through a table entry of another type.</summary>
    IndirectCallTypeMismatch,

    /// <summary>It divided an integer by zero.</summary>
    DivisionByZero,

    /// <summary>An integer's quotient or conversion does not fit.</summary>
    IntegerOverflow,

    /// <summary>It made an integer of what is not a number.</summary>
    InvalidConversion,

    /// <summary>Its calls were nested deeper than <see cref="CallBudget.StackBytes"/>.</summary>
    StackExhausted,

    /// <summary>It used more than <see cref="CallBudget.Fuel"/>.</summary>
    OutOfFuel,

    /// <summary>It ran longer than <see cref="CallBudget.Deadline"/>.</summary>
    DeadlineExceeded,

    /// <summary>Its caller's token was cancelled.</summary>
    Cancelled,

    /// <summary>It called the host more often than <see cref="CallBudget.HostCalls"/>.</summary>
    HostCallLimit,

    /// <summary>The host copied more for it than <see cref="CallBudget.HostBytes"/>.</summary>
    HostByteLimit,

    /// <summary>A function of the host refused the call.</summary>
    HostRefused,
}

/// <summary>A program was stopped. The host and other programs go on; the instance can be called again.</summary>
public sealed class Trap : WasmException
{
    internal Trap(TrapKind kind, string message, string? function = null, int offset = -1)
        : base(function is null ? message : $"{message} in {function} at offset 0x{offset:x}")
    {
        Kind = kind;
        Function = function;
        Offset = offset;
    }

    /// <summary>Why.</summary>
    public TrapKind Kind { get; }

    /// <summary>
    /// The function that was running, by its name in the module, or else by its index. Null: the host's.
    /// </summary>
    public string? Function { get; }

    /// <summary>The offset of the instruction in the module's bytes; -1: none, the host trapped.</summary>
    public int Offset { get; }

    /// <summary>For functions of the host: stops the program that called.</summary>
    public static Trap Refuse(string message) => new(TrapKind.HostRefused, message);

    internal static string Text(TrapKind kind) => kind switch
    {
        TrapKind.Unreachable => "unreachable",
        TrapKind.MemoryOutOfBounds => "out of bounds memory access",
        TrapKind.TableOutOfBounds => "out of bounds table access",
        TrapKind.UndefinedElement => "undefined element",
        TrapKind.UninitializedElement => "uninitialized element",
        TrapKind.IndirectCallTypeMismatch => "indirect call type mismatch",
        TrapKind.DivisionByZero => "integer divide by zero",
        TrapKind.IntegerOverflow => "integer overflow",
        TrapKind.InvalidConversion => "invalid conversion to integer",
        TrapKind.StackExhausted => "call stack exhausted",
        TrapKind.OutOfFuel => "out of fuel",
        TrapKind.DeadlineExceeded => "deadline exceeded",
        TrapKind.Cancelled => "cancelled",
        TrapKind.HostCallLimit => "too many host calls",
        TrapKind.HostByteLimit => "too many bytes copied by the host",
        _ => "refused by the host",
    };
}
