using System.Numerics;
using System.Reflection;
using System.Reflection.Emit;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes the numeric instructions: most are one or two instructions of the common language, or a method that the
/// compiler of machine code knows. Where both differ in an edge, the edge is written out.
/// </summary>
internal static class NumericEmitter
{
    private static readonly Dictionary<string, OpCode[]> Plain = PlainCodes();
    private static readonly Dictionary<string, MethodInfo> Methods = KnownMethods();

    public static bool TryEmit(CodeWriter writer, FunctionPlan plan, in Instruction at)
    {
        if (Plain.TryGetValue(at.Row.Name, out var codes))
        {
            EmitPlain(writer, in at, codes);
            return true;
        }

        if (at.Row.Name == "f32.demote_f64" && !plan.Promotes)
        {
            EmitPlain(writer, in at, [OpCodes.Conv_R4]);
            return true;
        }

        if (Methods.TryGetValue(at.Row.Name, out var method))
        {
            // The compiler of machine code takes a constant zero's sign for nothing in these two.
            var hidden = at.Row.Name[3..] is ".min" or ".max"
                && (writer.Peek().Place == Place.Constant || writer.Peek(1).Place == Place.Constant);
            var depth = hidden ? LoadOpaque(writer) : writer.Load(method.GetParameters().Length);
            writer.Call(method);
            if (at.Row.Signature!.Results[0] == ValueKind.I64 && method.ReturnType == typeof(int))
                writer.Il.Emit(OpCodes.Conv_I8);
            writer.Push(at.Row.Signature.Results[0], depth + 1);
            return true;
        }

        return IntegerEmitter.TryEmit(writer, in at) || TruncationEmitter.TryEmit(writer, in at);
    }

    private static void EmitPlain(CodeWriter writer, in Instruction at, OpCode[] codes)
    {
        var signature = at.Row.Signature!;
        int depth;
        if (signature.Parameters is [ValueKind.F32 or ValueKind.F64, ..] && HasFoldedConstant(writer, in at))
            depth = LoadOpaque(writer);
        else
            depth = writer.Load(signature.Parameters.Length, Combines(writer, codes));
        foreach (var code in codes)
        {
            // Only comparisons need a number of their own: 0, to turn them around.
            if (code == OpCodes.Ldc_I4)
                writer.Il.Emit(OpCodes.Ldc_I4_0);
            else
                writer.Il.Emit(code);
        }

        writer.Push(signature.Results[0], depth + 1);
    }

    /// <summary>Whether the result is compared by what it is, not by what it was made of.</summary>
    private static bool Combines(CodeWriter writer, OpCode[] codes) =>
        codes is [var code] && (code == OpCodes.Add || code == OpCodes.Sub || code == OpCodes.Xor || code == OpCodes.Or)
        && writer.Peek().Place != Place.Constant && writer.Peek(1).Place != Place.Constant;

    /// <summary>
    /// The compiler of machine code folds x - 0, x * 1, x / 1, x * -1 with constants, and so leaves a signalling NaN as
    /// it is, which the specification wants quiet.
    /// </summary>
    private static bool HasFoldedConstant(CodeWriter writer, in Instruction at) =>
        at.Row.Name[3..] is ".add" or ".sub" or ".mul" or ".div"
        && (IsFolded(writer.Peek()) || IsFolded(writer.Peek(1)));

    private static bool IsFolded(in Operand operand)
    {
        if (operand.Place != Place.Constant)
            return false;
        var value = operand.Kind == ValueKind.F32
            ? BitConverter.UInt32BitsToSingle((uint)operand.Bits)
            : BitConverter.UInt64BitsToDouble(operand.Bits);
        return value is 0 or 1 or -1;
    }

    private static int LoadOpaque(CodeWriter writer)
    {
        var right = writer.Pop();
        var left = writer.Pop();
        Load(writer, in left);
        Load(writer, in right);
        return 0;
    }

    private static void Load(CodeWriter writer, in Operand operand)
    {
        if (operand.Place == Place.Constant)
            writer.LoadOpaque(in operand);
        else
            writer.Load(in operand);
    }

    private static Dictionary<string, OpCode[]> PlainCodes()
    {
        var codes = new Dictionary<string, OpCode[]>(StringComparer.Ordinal)
        {
            ["i32.wrap_i64"] = [OpCodes.Conv_I4],
            ["i64.extend_i32_s"] = [OpCodes.Conv_I8],
            ["i64.extend_i32_u"] = [OpCodes.Conv_U8],
            ["i32.extend8_s"] = [OpCodes.Conv_I1],
            ["i32.extend16_s"] = [OpCodes.Conv_I2],
            ["i64.extend8_s"] = [OpCodes.Conv_I1, OpCodes.Conv_I8],
            ["i64.extend16_s"] = [OpCodes.Conv_I2, OpCodes.Conv_I8],
            ["i64.extend32_s"] = [OpCodes.Conv_I4, OpCodes.Conv_I8],
            ["f32.convert_i32_s"] = [OpCodes.Conv_R4],
            ["f32.convert_i32_u"] = [OpCodes.Conv_U8, OpCodes.Conv_R4],
            ["f32.convert_i64_s"] = [OpCodes.Conv_R4],
            ["f64.convert_i32_s"] = [OpCodes.Conv_R8],
            ["f64.convert_i32_u"] = [OpCodes.Conv_U8, OpCodes.Conv_R8],
            ["f64.convert_i64_s"] = [OpCodes.Conv_R8],
            ["f64.convert_i64_u"] = [OpCodes.Conv_R_Un, OpCodes.Conv_R8],
            ["f64.promote_f32"] = [OpCodes.Conv_R8],
        };
        foreach (var kind in new[] { "i32", "i64" })
        {
            AddIntegers(codes, kind);
        }

        foreach (var kind in new[] { "f32", "f64" })
        {
            AddFloats(codes, kind);
        }

        return codes;
    }

    private static void AddIntegers(Dictionary<string, OpCode[]> codes, string kind)
    {
        codes[kind + ".add"] = [OpCodes.Add];
        codes[kind + ".sub"] = [OpCodes.Sub];
        codes[kind + ".mul"] = [OpCodes.Mul];
        codes[kind + ".and"] = [OpCodes.And];
        codes[kind + ".or"] = [OpCodes.Or];
        codes[kind + ".xor"] = [OpCodes.Xor];
        codes[kind + ".eq"] = [OpCodes.Ceq];
        codes[kind + ".ne"] = [OpCodes.Ceq, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".lt_s"] = [OpCodes.Clt];
        codes[kind + ".lt_u"] = [OpCodes.Clt_Un];
        codes[kind + ".gt_s"] = [OpCodes.Cgt];
        codes[kind + ".gt_u"] = [OpCodes.Cgt_Un];
        codes[kind + ".le_s"] = [OpCodes.Cgt, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".le_u"] = [OpCodes.Cgt_Un, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".ge_s"] = [OpCodes.Clt, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".ge_u"] = [OpCodes.Clt_Un, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".eqz"] = kind == "i32"
            ? [OpCodes.Ldc_I4, OpCodes.Ceq]
            : [OpCodes.Ldc_I4, OpCodes.Conv_I8, OpCodes.Ceq];
    }

    private static void AddFloats(Dictionary<string, OpCode[]> codes, string kind)
    {
        codes[kind + ".add"] = [OpCodes.Add];
        codes[kind + ".sub"] = [OpCodes.Sub];
        codes[kind + ".mul"] = [OpCodes.Mul];
        codes[kind + ".div"] = [OpCodes.Div];
        codes[kind + ".neg"] = [OpCodes.Neg];
        codes[kind + ".eq"] = [OpCodes.Ceq];
        codes[kind + ".ne"] = [OpCodes.Ceq, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".lt"] = [OpCodes.Clt];
        codes[kind + ".gt"] = [OpCodes.Cgt];

        // The unordered comparisons are true for NaN, and then turned around.
        codes[kind + ".le"] = [OpCodes.Cgt_Un, OpCodes.Ldc_I4, OpCodes.Ceq];
        codes[kind + ".ge"] = [OpCodes.Clt_Un, OpCodes.Ldc_I4, OpCodes.Ceq];
    }

    private static Dictionary<string, MethodInfo> KnownMethods()
    {
        var methods = new Dictionary<string, MethodInfo>(StringComparer.Ordinal)
        {
            ["f32.convert_i64_u"] = Scalar(nameof(ScalarOperations.ToSingle)),
            ["f32.demote_f64"] = Scalar(nameof(ScalarOperations.Demote)),
            ["i32.reinterpret_f32"] = Bits(nameof(BitConverter.SingleToInt32Bits), typeof(float)),
            ["i64.reinterpret_f64"] = Bits(nameof(BitConverter.DoubleToInt64Bits), typeof(double)),
            ["f32.reinterpret_i32"] = Bits(nameof(BitConverter.Int32BitsToSingle), typeof(int)),
            ["f64.reinterpret_i64"] = Bits(nameof(BitConverter.Int64BitsToDouble), typeof(long)),
        };
        foreach (var (kind, type) in new[] { ("i32", typeof(uint)), ("i64", typeof(ulong)) })
        {
            methods[kind + ".clz"] = Bit(nameof(BitOperations.LeadingZeroCount), type);
            methods[kind + ".ctz"] = Bit(nameof(BitOperations.TrailingZeroCount), type);
            methods[kind + ".popcnt"] = Bit(nameof(BitOperations.PopCount), type);
        }

        AddFloats(methods, "f32", typeof(float), typeof(MathF));
        AddFloats(methods, "f64", typeof(double), typeof(Math));
        foreach (var (kind, bits) in new[] { ("i32", 32), ("i64", 64) })
        {
            foreach (var (from, type) in new[] { ("f32", typeof(float)), ("f64", typeof(double)) })
            {
                methods[$"{kind}.trunc_sat_{from}_s"] = Scalar($"Saturate{bits}", type);
                methods[$"{kind}.trunc_sat_{from}_u"] = Scalar($"SaturateUnsigned{bits}", type);
            }
        }

        return methods;
    }

    private static void AddFloats(Dictionary<string, MethodInfo> methods, string kind, Type type, Type holder)
    {
        Type[] one = [type];
        Type[] two = [type, type];
        methods[kind + ".abs"] = RuntimeMembers.Method(holder, nameof(Math.Abs), one);
        methods[kind + ".ceil"] = RuntimeMembers.Method(holder, nameof(Math.Ceiling), one);
        methods[kind + ".floor"] = RuntimeMembers.Method(holder, nameof(Math.Floor), one);
        methods[kind + ".trunc"] = RuntimeMembers.Method(holder, nameof(Math.Truncate), one);
        methods[kind + ".nearest"] = RuntimeMembers.Method(holder, nameof(Math.Round), one);
        methods[kind + ".sqrt"] = RuntimeMembers.Method(holder, nameof(Math.Sqrt), one);
        methods[kind + ".min"] = RuntimeMembers.Method(holder, nameof(Math.Min), two);
        methods[kind + ".max"] = RuntimeMembers.Method(holder, nameof(Math.Max), two);
        methods[kind + ".copysign"] = RuntimeMembers.Method(holder, nameof(Math.CopySign), two);
    }

    private static MethodInfo Scalar(string name, Type? parameter = null) =>
        RuntimeMembers.Method(typeof(ScalarOperations), name, parameter is null ? null : [parameter]);

    private static MethodInfo Bits(string name, Type parameter) =>
        RuntimeMembers.Method(typeof(BitConverter), name, [parameter]);

    private static MethodInfo Bit(string name, Type parameter) =>
        RuntimeMembers.Method(typeof(BitOperations), name, [parameter]);
}
