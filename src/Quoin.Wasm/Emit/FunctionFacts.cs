using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>What is known of a function before code is written for it, from one look at its instructions.</summary>
internal sealed class FunctionFacts
{
    private const int ValueBytes = 16;

    /// <summary>
    /// Bytes of a frame for each byte of a body, beside locals and operands: what the compiler of machine code keeps
    /// for itself. At most 2.2 were measured (bodies of calls, and of vector expressions).
    /// </summary>
    private const int BodyFactor = 4;

    private readonly List<(int Offset, int Function)> _directCalls = [];
    private readonly Dictionary<long, int> _extents = [];

    public FunctionFacts(ModuleSyntax module, WasmLimits limits, int index)
    {
        Index = index;
        Type = module.TypeOf(index);
        var body = module.Bodies[index - module.ImportedFunctions];
        Body = body;
        Locals = [.. body.Locals.SelectMany(run => Enumerable.Repeat(run.Kind, run.Count))];
        FrameBytes = (ValueBytes * (Type.Parameters.Length + Locals.Length
            + module.OperandHeights[index - module.ImportedFunctions])) + (BodyFactor * (body.End - body.Start));
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        while (reader.Remaining > 0)
        {
            InstructionReader.Read(ref reader, limits, out var instruction);
            Blocks += BlocksOf(in instruction);
            NoteCall(module, in instruction);
            Rotates |= instruction.Row.Name is "i32.rotl" or "i32.rotr" or "i64.rotl" or "i64.rotr";
            Promotes |= instruction.Row.Name == "f64.promote_f32";
            NoteMemory(in instruction);
        }
    }

    /// <summary>Its index in the module.</summary>
    public int Index { get; }

    public FunctionType Type { get; }

    public FunctionBody Body { get; }

    /// <summary>Kinds of the locals after the parameters.</summary>
    public ValueKind[] Locals { get; }

    public int BodyBytes => Body.End - Body.Start;

    /// <summary>
    /// Calls of functions that the module defines, but for tail calls, by the offsets of the instructions.
    /// </summary>
    public IReadOnlyList<(int Offset, int Function)> DirectCalls => _directCalls;

    /// <summary>How many calls of others there are.</summary>
    public int OtherCalls { get; private set; }

    /// <summary>Whether calls are its end, so that it cannot stand inside another.</summary>
    public bool TailCalls { get; private set; }

    /// <summary>Whether it needs a zero that the compiler of machine code does not know to be one.</summary>
    public bool Rotates { get; }

    /// <summary>Whether base and length of the memory are worth a local.</summary>
    public bool UsesMemory { get; private set; }

    /// <summary>Whether it grows the memory itself.</summary>
    public bool GrowsMemory { get; private set; }

    /// <summary>How often accesses reach so many bytes beyond their address.</summary>
    public IReadOnlyDictionary<long, int> Extents => _extents;

    /// <summary>Whether it turns an f32 into an f64: a conversion back must then be hidden.</summary>
    public bool Promotes { get; }

    /// <summary>How large its frame may be.</summary>
    public int FrameBytes { get; }

    /// <summary>Straight pieces of the code that will be made, about.</summary>
    public int Blocks { get; }

    private void NoteCall(ModuleSyntax module, in Instruction at)
    {
        if (at.Code is < Opcode.Call or > Opcode.ReturnCallIndirect)
            return;
        TailCalls |= at.Code >= Opcode.ReturnCall;
        if (at.Code == Opcode.Call && at.Index >= module.ImportedFunctions)
            _directCalls.Add((at.Offset, (int)at.Index));
        else
            OtherCalls++;
    }

    private void NoteMemory(in Instruction at)
    {
        GrowsMemory |= at.Code == Opcode.MemoryGrow;
        if (at.Row.Immediate is ImmediateKind.Memory or ImmediateKind.MemoryLane)
        {
            UsesMemory = true;
            var extent = (long)at.Bits + (1L << at.Row.Width);
            _extents[extent] = _extents.GetValueOrDefault(extent) + 1;
        }

        UsesMemory |= at.Code == Opcode.MemorySize;
    }

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
