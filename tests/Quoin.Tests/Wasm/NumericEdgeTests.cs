using Quoin.Fuzz.Wasm;
using Quoin.Wasm;

namespace Quoin.Tests.Wasm;

/// <summary>
/// Where the compiler of machine code, left to itself, folds constants to something that the specification does not
/// say. The specification's tests have their operands in arguments, and do not see these.
/// </summary>
public sealed class NumericEdgeTests
{
    private const uint SignallingSingle = 0x7FA00000;
    private const ulong SignallingDouble = 0x7FF4000000000000;

    private static Value Run(string signature, string body, Value argument)
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var instance = TestModules.Instantiate(store, new ModuleWriter().Function("run", signature, body));
        return TestModules.Run(instance, argument)[0];
    }

    [Theory]
    [InlineData("local.get 0; f32.const -0; f32.min", 0f, "-0")]
    [InlineData("f32.const -0; local.get 0; f32.min", 0f, "-0")]
    [InlineData("local.get 0; f32.const 0; f32.max", -0f, "0")]
    [InlineData("f32.const 0; local.get 0; f32.max", -0f, "0")]
    [InlineData("local.get 0; f32.const NaN; f32.max", 5f, "NaN")]
    [InlineData("f32.const 5; local.get 0; f32.min", float.NaN, "NaN")]
    public void The_sign_of_zero_and_NaN_count_in_minima_and_maxima(string body, float argument, string expected)
    {
        var single = Run("f:f", body, Value.Of(argument)).F32;
        var doubled = Run("d:d", body.Replace("f32", "f64", StringComparison.Ordinal), Value.Of((double)argument)).F64;
        Assert.Equal(expected, single.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(expected, doubled.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("f32x4.splat; v128.const 00000080000000800000008000000080; f32x4.min", 0f, "-0")]
    [InlineData("f32x4.splat; v128.const 00000000000000000000000000000000; f32x4.max", -0f, "0")]
    [InlineData("f32x4.splat; local.set 1; v128.const 00000080000000800000008000000080; local.get 1; f32x4.min",
        0f, "-0")]
    [InlineData("f32x4.splat; local.set 1; v128.const 00000000000000000000000000000000; local.get 1; f32x4.max",
        -0f, "0")]
    [InlineData("f32x4.splat; v128.const 0000c07f0000c07f0000c07f0000c07f; f32x4.max", 5f, "NaN")]
    [InlineData("f32x4.splat; v128.const 0000a0400000a0400000a0400000a040; f32x4.min", float.NaN, "NaN")]
    public void The_sign_of_zero_and_NaN_count_in_lanes(string body, float argument, string expected)
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var writer = new ModuleWriter()
            .Function("run", "f:f", "local.get 0;" + body + "; f32x4.extract_lane 2", "v");
        var lane = TestModules.Run(TestModules.Instantiate(store, writer), Value.Of(argument))[0].F32;
        Assert.Equal(expected, lane.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("local.get 0; f32.const 0; f32.sub")]
    [InlineData("local.get 0; f32.const 1; f32.mul")]
    [InlineData("local.get 0; f32.const 1; f32.div")]
    [InlineData("local.get 0; f32.const -1; f32.mul")]
    [InlineData("local.get 0; f32.const -0; f32.add")]
    public void Arithmetic_makes_a_NaN_quiet(string body)
    {
        var single = Run("f:f", body, Value.Of(BitConverter.UInt32BitsToSingle(SignallingSingle)));
        Assert.Equal(0x400000u, BitConverter.SingleToUInt32Bits(single.F32) & 0x400000u);
        var doubled = Run("d:d", body.Replace("f32", "f64", StringComparison.Ordinal),
            Value.Of(BitConverter.UInt64BitsToDouble(SignallingDouble)));
        Assert.Equal(0x8000000000000u, BitConverter.DoubleToUInt64Bits(doubled.F64) & 0x8000000000000u);
    }

    [Theory]
    [InlineData("local.get 0; i32.const 3; i32.rotl; i32.eqz", 0, 1)]
    [InlineData("local.get 0; i32.const 3; i32.rotr; i32.eqz", 8, 0)]
    [InlineData("local.get 0; i32.eqz; i32.const 1; i32.rotl; if i32; i32.const 5; else; i32.const 6; end", 1, 6)]
    [InlineData("local.get 0; i32.eqz; i32.const 1; i32.rotl; if i32; i32.const 5; else; i32.const 6; end", 0, 5)]
    [InlineData("i32.const 5; i32.const 6; local.get 0; i32.eqz; i32.const 1; i32.rotl; select", 1, 6)]
    [InlineData("local.get 0; i32.eqz; local.get 0; local.get 0; i32.eq; i32.rotl; i32.eqz", 1, 1)]
    [InlineData("local.get 0; i32.eqz; i32.const 1; i32.rotl; local.tee 0; i32.eqz", 7, 1)]
    [InlineData("local.get 0; i64.extend_i32_s; i64.const 9; i64.rotl; i64.eqz", 0, 1)]
    [InlineData("local.get 0; i32.const 1; i32.rotl; local.get 0; i32.const 2; i32.rotl; i32.xor; i32.eqz", 0, 1)]
    public void A_rotation_is_compared_by_its_value(string body, int argument, int expected) =>
        Assert.Equal(expected, Run("i:i", body, Value.Of(argument)).I32);

    [Fact]
    public void A_rotation_of_a_comparison_decides_by_its_value()
    {
        const string body = """
            global.get 0; if i64; i64.const 134; else; i64.const 3; end; i32.const 0; i64.load
            i64.const 100; i64.const 200; global.get 0; select; i64.eqz; i32.const 1; i32.rotl; select
            """;
        using var engine = new Engine();
        using var store = new Store(engine);
        var writer = new ModuleWriter().Memory(1).Global('i', true, "i32.const 5").Function("run", ":l", body);
        Assert.Equal(0, TestModules.Run(TestModules.Instantiate(store, writer))[0].I64);
    }

    [Fact]
    public void There_and_back_makes_a_NaN_quiet()
    {
        var value = Run("f:f", "local.get 0; f64.promote_f32; f32.demote_f64",
            Value.Of(BitConverter.UInt32BitsToSingle(SignallingSingle)));
        Assert.Equal(0x400000u, BitConverter.SingleToUInt32Bits(value.F32) & 0x400000u);
    }

    [Fact]
    public void A_signalling_NaN_is_a_constant_like_others()
    {
        var bytes = new ByteWriter().Byte(0x43).Fixed(SignallingSingle, 4).Byte(0x0B).ToArray();
        using var engine = new Engine();
        using var store = new Store(engine);
        var writer = new ModuleWriter().Function("run", ModuleWriter.Signature(":f"), bytes, []);
        var value = TestModules.Run(TestModules.Instantiate(store, writer))[0];
        Assert.Equal(SignallingSingle, BitConverter.SingleToUInt32Bits(value.F32));
    }
}
