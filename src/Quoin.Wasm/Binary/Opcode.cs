namespace Quoin.Wasm.Binary;

/// <summary>
/// Codes of the instructions that the code speaks of by name; all are in <see cref="OpcodeRows"/>. Codes after the
/// prefix FC count from 0x100, after FD from 0x200.
/// </summary>
internal static class Opcode
{
    public const ushort Unreachable = 0x00;
    public const ushort Nop = 0x01;
    public const ushort Block = 0x02;
    public const ushort Loop = 0x03;
    public const ushort If = 0x04;
    public const ushort Else = 0x05;
    public const ushort End = 0x0B;
    public const ushort Branch = 0x0C;
    public const ushort BranchIf = 0x0D;
    public const ushort BranchTable = 0x0E;
    public const ushort Return = 0x0F;
    public const ushort Call = 0x10;
    public const ushort CallIndirect = 0x11;
    public const ushort ReturnCall = 0x12;
    public const ushort ReturnCallIndirect = 0x13;
    public const ushort Drop = 0x1A;
    public const ushort Select = 0x1B;
    public const ushort SelectTyped = 0x1C;
    public const ushort LocalGet = 0x20;
    public const ushort LocalSet = 0x21;
    public const ushort LocalTee = 0x22;
    public const ushort GlobalGet = 0x23;
    public const ushort GlobalSet = 0x24;
    public const ushort TableGet = 0x25;
    public const ushort TableSet = 0x26;
    public const ushort MemorySize = 0x3F;
    public const ushort MemoryGrow = 0x40;
    public const ushort I32Const = 0x41;
    public const ushort I64Const = 0x42;
    public const ushort F32Const = 0x43;
    public const ushort F64Const = 0x44;
    public const ushort I32Add = 0x6A;
    public const ushort I32Sub = 0x6B;
    public const ushort I32Mul = 0x6C;
    public const ushort I64Add = 0x7C;
    public const ushort I64Sub = 0x7D;
    public const ushort I64Mul = 0x7E;
    public const ushort RefNull = 0xD0;
    public const ushort RefIsNull = 0xD1;
    public const ushort RefFunc = 0xD2;
    public const ushort MemoryInit = 0x108;
    public const ushort DataDrop = 0x109;
    public const ushort MemoryCopy = 0x10A;
    public const ushort MemoryFill = 0x10B;
    public const ushort TableInit = 0x10C;
    public const ushort ElementDrop = 0x10D;
    public const ushort TableCopy = 0x10E;
    public const ushort TableGrow = 0x10F;
    public const ushort TableSize = 0x110;
    public const ushort TableFill = 0x111;
    public const ushort V128Const = 0x20C;
    public const ushort Shuffle = 0x20D;
}
