using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>What is known of a function before code is written for it, from one look at its instructions.</summary>
internal sealed class FunctionFacts
{
    /// <summary>
    /// In larger bodies one throw serves all traps: a block for each would bring the function over the size at which
    /// the compiler of machine code stops to optimise (2,000 blocks, 60,000 bytes).
    /// </summary>
    private const int ShareTrapsBytes = 3_000;

    /// <summary>Frames up to this are covered by what always stays free below a stack's limit.</summary>
    private const int UsualFrameBytes = 64 << 10;

    private const int ValueBytes = 16;

    /// <summary>
    /// Bytes of a frame for each byte of a body, beside locals and operands: what the compiler of machine code keeps
    /// for itself. At most 2.2 were measured (bodies of calls, and of vector expressions).
    /// </summary>
    private const int BodyFactor = 4;

    public FunctionFacts(ModuleSyntax module, WasmLimits limits, int index)
    {
        Index = index;
        Type = module.TypeOf(index);
        var body = module.Bodies[index - module.ImportedFunctions];
        Body = body;
        Locals = [.. body.Locals.SelectMany(run => Enumerable.Repeat(run.Kind, run.Count))];
        FrameBytes = (ValueBytes * (Type.Parameters.Length + Locals.Length
            + module.OperandHeights[index - module.ImportedFunctions])) + (BodyFactor * (body.End - body.Start));
        SharesTraps = body.End - body.Start > ShareTrapsBytes;
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        while (reader.Remaining > 0)
        {
            InstructionReader.Read(ref reader, limits, out var instruction);
            Blocks += BlocksOf(in instruction);
            Calls |= instruction.Code is >= Opcode.Call and <= Opcode.ReturnCallIndirect;
            Rotates |= instruction.Row.Name is "i32.rotl" or "i32.rotr" or "i64.rotl" or "i64.rotr";
            Promotes |= instruction.Row.Name == "f64.promote_f32";
            UsesMemory |= instruction.Row.Immediate is ImmediateKind.Memory or ImmediateKind.MemoryLane
                || instruction.Code is Opcode.MemorySize;
        }
    }

    /// <summary>Its index in the module.</summary>
    public int Index { get; }

    public FunctionType Type { get; }

    public FunctionBody Body { get; }

    /// <summary>Kinds of the locals after the parameters.</summary>
    public ValueKind[] Locals { get; }

    /// <summary>Whether it calls functions: only then can it recurse.</summary>
    public bool Calls { get; }

    /// <summary>Whether it needs a zero that the compiler of machine code does not know to be one.</summary>
    public bool Rotates { get; }

    /// <summary>Whether base and length of the memory are worth a local.</summary>
    public bool UsesMemory { get; }

    /// <summary>Whether it turns an f32 into an f64: a conversion back must then be hidden.</summary>
    public bool Promotes { get; }

    public bool SharesTraps { get; }

    /// <summary>How large its frame may be.</summary>
    public int FrameBytes { get; }

    /// <summary>
    /// Whether the stack is asked for room before the function is entered: its own check would be too late.
    /// </summary>
    public bool NeedsGuard => FrameBytes > UsualFrameBytes;

    /// <summary>Straight pieces of the code that will be made, about.</summary>
    public int Blocks { get; }

    private static int BlocksOf(in Instruction at) => at.Row.Immediate switch
    {
        ImmediateKind.Memory or ImmediateKind.MemoryLane => 1,
        ImmediateKind.Indirect => 3,
        ImmediateKind.Block or ImmediateKind.Label => 1,
        ImmediateKind.Labels => at.Labels!.Length,
        _ => at.Code is Opcode.Select or Opcode.SelectTyped or Opcode.Else or Opcode.End ? 1 : 0,
    };

    public ValueKind KindOf(int local) =>
        local < Type.Parameters.Length ? Type.Parameters[local] : Locals[local - Type.Parameters.Length];
}
