using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Validation;

/// <summary>
/// Validates a whole module (section 3.4 of the specification). Nothing is compiled that has not passed: the code made
/// from a body is only as safe as the types that were proved of it here.
/// </summary>
internal sealed class ModuleValidator
{
    /// <summary>Pages of 64 KiB in 4 GiB.</summary>
    private const uint MostPages = 65_536;

    private readonly ModuleSyntax _module;
    private readonly WasmLimits _limits;
    private readonly HashSet<uint> _declared = [];

    private ModuleValidator(ModuleSyntax module, WasmLimits limits)
    {
        _module = module;
        _limits = limits;
    }

    /// <param name="checkTime">Called between bodies: it throws when there was enough time.</param>
    public static void Validate(ModuleSyntax module, WasmLimits limits, Action checkTime)
    {
        try
        {
            Check(module, limits, checkTime);
        }
        catch (ModuleException fault) when (fault.Fault.Kind == ModuleFaultKind.Invalid)
        {
            // A module whose bytes are wrong further on is malformed before it is invalid.
            foreach (var body in module.Bodies)
            {
                checkTime();
                CheckSyntax(module, body, limits);
            }

            throw;
        }
    }

    private static void Check(ModuleSyntax module, WasmLimits limits, Action checkTime)
    {
        var validator = new ModuleValidator(module, limits);
        validator.CheckTypes();
        validator.CheckGlobals();
        validator.CheckExports();
        validator.CheckStart();
        validator.CheckElements();
        validator.CheckData();
        var bodies = new BodyValidator(module, limits, validator._declared);
        module.OperandHeights = new int[module.Bodies.Length];
        for (var i = 0; i < module.Bodies.Length; i++)
        {
            checkTime();
            var type = module.TypeOf(module.ImportedFunctions + i);
            module.OperandHeights[i] = bodies.Validate(type, module.Bodies[i]);
        }
    }

    private static void CheckSyntax(ModuleSyntax module, FunctionBody body, WasmLimits limits)
    {
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        var depth = 1;
        while (depth > 0)
        {
            InstructionReader.Read(ref reader, limits, out var instruction);
            if (instruction.Code is Opcode.Block or Opcode.Loop or Opcode.If)
                depth++;
            else if (instruction.Code == Opcode.End)
                depth--;
        }

        if (reader.Remaining > 0)
            throw ModuleException.Malformed("END opcode expected", reader.Position);
    }

    private void CheckTypes()
    {
        foreach (var index in _module.Functions)
        {
            if (index >= (uint)_module.Types.Length)
                throw ModuleException.Invalid($"unknown type {index}", 0);
        }

        foreach (var table in _module.Tables)
            CheckSize(table.Size, uint.MaxValue, "table");
        foreach (var memory in _module.Memories)
            CheckSize(memory.Pages, MostPages, "memory");
        if (_module.Memories.Length > 1)
            throw ModuleException.Invalid("multiple memories", 0);
        if (_module.Tables.Length > _limits.Tables)
            throw ModuleException.OverLimit("tables", _module.Tables.Length, _limits.Tables, 0);
    }

    private static void CheckSize(SizeRange size, uint most, string what)
    {
        if (size.Minimum > most || size.Maximum > most)
            throw ModuleException.Invalid($"{what} size must be at most {most}", 0);
        if (size.Maximum < size.Minimum)
            throw ModuleException.Invalid("size minimum must not be greater than maximum", 0);
    }

    private void CheckGlobals()
    {
        for (var i = 0; i < _module.GlobalValues.Length; i++)
            CheckConstant(_module.GlobalValues[i], _module.Globals[_module.ImportedGlobals + i].Kind);
    }

    private void CheckExports()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var export in _module.Exports)
        {
            var (count, what) = export.Kind switch
            {
                ExternalKind.Function => (_module.Functions.Length, "function"),
                ExternalKind.Table => (_module.Tables.Length, "table"),
                ExternalKind.Memory => (_module.Memories.Length, "memory"),
                _ => (_module.Globals.Length, "global"),
            };
            if (export.Index >= (uint)count)
                throw ModuleException.Invalid($"unknown {what} {export.Index}", export.Offset);
            if (!names.Add(export.Name))
                throw ModuleException.Invalid("duplicate export name", export.Offset);
            if (export.Kind == ExternalKind.Function)
                _declared.Add(export.Index);
        }
    }

    private void CheckStart()
    {
        if (_module.Start is not { } start)
            return;
        if (start >= (uint)_module.Functions.Length)
            throw ModuleException.Invalid($"unknown function {start}", _module.StartOffset);
        if (_module.TypeOf((int)start) is not { Parameters.Length: 0, Results.Length: 0 })
            throw ModuleException.Invalid("start function must take and give nothing", _module.StartOffset);
    }

    private void CheckElements()
    {
        foreach (var segment in _module.Elements)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Table >= (uint)_module.Tables.Length)
                    throw ModuleException.Invalid($"unknown table {segment.Table}", segment.Offset);
                if (_module.Tables[segment.Table].Element != segment.Kind)
                    throw ModuleException.Invalid("type mismatch", segment.Offset);
                CheckConstant(segment.Start!, ValueKind.I32);
            }

            foreach (var value in segment.Values)
                CheckConstant(value, segment.Kind);
        }
    }

    private void CheckData()
    {
        foreach (var segment in _module.Data)
        {
            if (segment.Mode != SegmentMode.Active)
                continue;
            if (segment.Memory >= (uint)_module.Memories.Length)
                throw ModuleException.Invalid($"unknown memory {segment.Memory}", segment.Offset);
            CheckConstant(segment.Start!, ValueKind.I32);
        }
    }

    /// <summary>
    /// A constant expression leaves one value of its kind, and uses only what is known before the start.
    /// </summary>
    private void CheckConstant(ConstantExpression expression, ValueKind wanted)
    {
        var stack = new Stack<ValueKind>();
        foreach (var instruction in expression.Instructions)
        {
            switch (instruction.Code)
            {
                case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const or Opcode.V128Const:
                    stack.Push(instruction.Row.Signature!.Results[0]);
                    break;
                case Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul:
                    CombineConstants(stack, ValueKind.I32, instruction.Offset);
                    break;
                case Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul:
                    CombineConstants(stack, ValueKind.I64, instruction.Offset);
                    break;
                case Opcode.RefNull:
                    stack.Push(instruction.Kind);
                    break;
                case Opcode.RefFunc:
                    if (instruction.Index >= (uint)_module.Functions.Length)
                        throw ModuleException.Invalid($"unknown function {instruction.Index}", instruction.Offset);
                    _declared.Add(instruction.Index);
                    stack.Push(ValueKind.FuncRef);
                    break;
                case Opcode.GlobalGet:
                    stack.Push(ConstantGlobal(instruction));
                    break;
                default:
                    throw ModuleException.Invalid("constant expression required", instruction.Offset);
            }
        }

        if (stack.Count != 1 || stack.Peek() != wanted)
            throw ModuleException.Invalid($"type mismatch: a constant {wanted.Text()} expected", expression.Offset);
    }

    private static void CombineConstants(Stack<ValueKind> stack, ValueKind kind, int offset)
    {
        if (stack.Count < 2 || stack.Pop() != kind || stack.Pop() != kind)
            throw ModuleException.Invalid("type mismatch", offset);
        stack.Push(kind);
    }

    private ValueKind ConstantGlobal(Instruction instruction)
    {
        // Only imported globals have their values before the first global of the module is made.
        if (instruction.Index >= (uint)_module.ImportedGlobals)
            throw ModuleException.Invalid($"unknown global {instruction.Index}", instruction.Offset);
        var type = _module.Globals[instruction.Index];
        if (type.Mutable)
            throw ModuleException.Invalid("constant expression required", instruction.Offset);
        return type.Kind;
    }
}
