using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Telemetry;

/// <summary>
/// W3C Trace Context (Recommendation, level 1): the trace a request belongs to and the span that called us.
/// A traceparent that breaks the rules is ignored with its tracestate, and a new trace begins.
/// <code>version "-" trace-id (32) "-" parent-id (16) "-" flags (2), lower-case hex</code>
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TraceContext
{
    private const int Length = 55;
    private const byte SampledFlag = 1;

    private TraceContext(ulong high, ulong low, ulong parent, bool sampled, string? state)
    {
        High = high;
        Low = low;
        Parent = parent;
        Sampled = sampled;
        State = state;
    }

    public ulong High { get; }

    public ulong Low { get; }

    public ulong Parent { get; }

    /// <summary>The caller may have recorded the trace. The other flags mean nothing here and end here.</summary>
    public bool Sampled { get; }

    /// <summary>The tracestate to pass on, checked and bounded; null for none.</summary>
    public string? State { get; }

    /// <summary>32 hex digits.</summary>
    public string TraceId => string.Create(32, this, static (text, context) => WriteTraceId(text, context));

    /// <summary>The client's trace, or a new one.</summary>
    public static TraceContext Read(StringValues traceparent, StringValues tracestate, IdSource ids)
    {
        if (traceparent.Count != 1 || !TryParse(traceparent[0], out var context))
        {
            return Begin(ids);
        }

        return tracestate.Count == 0
            ? context
            : new(context.High, context.Low, context.Parent, context.Sampled, TraceState.Read(tracestate));
    }

    /// <summary>A new trace, sampled: our log tells of it, and who samples by its parent keeps its part.</summary>
    public static TraceContext Begin(IdSource ids) =>
        new(ids.NextNonZero(), ids.Next(), ids.NextNonZero(), sampled: true, state: null);

    public static bool TryParse(ReadOnlySpan<char> text, out TraceContext context)
    {
        context = default;
        if (text.Length < Length || text[2] != '-' || text[35] != '-' || text[52] != '-'
            || !TryHex(text[..2], out var version) || version == 0xff
            || (text.Length > Length && (version == 0 || text[Length] != '-')))
        {
            return false;
        }

        if (!TryHex(text[3..19], out var high) || !TryHex(text[19..35], out var low)
            || !TryHex(text[36..52], out var parent) || !TryHex(text[53..55], out var flags)
            || (high | low) == 0 || parent == 0)
        {
            return false;
        }

        context = new(high, low, parent, (flags & SampledFlag) != 0, state: null);
        return true;
    }

    /// <summary>The context of a call that we make: the same trace, a span of our own.</summary>
    public TraceContext Child(IdSource ids) => new(High, Low, ids.NextNonZero(), Sampled, State);

    /// <summary>The traceparent header, version 00: the only one whose fields we know.</summary>
    public string ToHeader() => string.Create(Length, this, static (text, context) =>
    {
        "00-".CopyTo(text);
        WriteTraceId(text[3..35], context);
        text[35] = '-';
        WriteHex(text[36..52], context.Parent);
        (context.Sampled ? "-01" : "-00").CopyTo(text[52..]);
    });

    public override string ToString() => ToHeader();

    private static void WriteTraceId(Span<char> text, in TraceContext context)
    {
        WriteHex(text[..16], context.High);
        WriteHex(text[16..32], context.Low);
    }

    private static void WriteHex(Span<char> text, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Convert.TryToHexStringLower(bytes, text, out _);
    }

    private static bool TryHex(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        foreach (var c in text)
        {
            // Upper case is not allowed.
            var digit = c switch
            {
                >= '0' and <= '9' => c - '0',
                >= 'a' and <= 'f' => c - 'a' + 10,
                _ => -1,
            };
            if (digit < 0)
            {
                return false;
            }

            value = (value << 4) | (uint)digit;
        }

        return true;
    }
}
