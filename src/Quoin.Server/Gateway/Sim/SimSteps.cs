using System.Buffers;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Turns an answer into bytes with their times, and spoils it as a fault says. Content events are the deltas of an
/// answer, one a token; token n (from 0) is due at first + n / rate after the headers, whatever the earlier ones took.
/// </summary>
internal static class SimSteps
{
    /// <summary>Events before a cut, a stall or an error event that does not say how many.</summary>
    private const int DefaultAfter = 3;

    private const int PaddingBytes = 64 * 1024;

    public static IEnumerable<SimStep> Stream(
        List<ChatEvent> events, ChatStreamWriter writer, SimOptions options, SimFault? fault,
        Action<IBufferWriter<byte>> writeError, JsonDocument? document)
    {
        // The events may point into the request's document (a tool's schema that is echoed).
        using var backing = document;
        var output = new ArrayBufferWriter<byte>(512);
        var first = fault?.Kind == SimFaultKind.SlowFirstToken ? fault.Delay : options.FirstToken;
        var due = TimeSpan.Zero;
        var shift = TimeSpan.Zero;
        var sent = 0;
        var left = events.Count(e => e is BlockDelta);
        var breaks = fault?.Kind is SimFaultKind.Cut or SimFaultKind.Reset or SimFaultKind.Stall
            or SimFaultKind.ErrorEvent ? fault.After ?? DefaultAfter : int.MaxValue;
        var holdsEnd = fault?.Kind == SimFaultKind.MissingEnd;
        foreach (var e in events)
        {
            if (sent >= breaks)
            {
                if (fault!.Kind != SimFaultKind.Stall || fault.For is null)
                {
                    yield return Break(fault, due, output, writeError);
                    yield break;
                }

                shift = fault.For.Value;
                due += shift;
                breaks = int.MaxValue;
            }

            var content = e is BlockDelta;
            if (content)
            {
                due = first + shift + (options.TokenRate > 0
                    ? TimeSpan.FromSeconds(sent / options.TokenRate)
                    : TimeSpan.Zero);
                sent++;
                left--;
            }

            if (!holdsEnd || content || left > 0)
            {
                output.ResetWrittenCount();
            }

            writer.Write(e, output);
            if (output.WrittenCount == 0 || (holdsEnd && !content && left == 0))
            {
                continue;
            }

            var spoilt = content && fault?.Kind == SimFaultKind.MalformedChunk && sent == fault.At;
            yield return new SimStep(due, spoilt ? Spoil(output.WrittenSpan) : output.WrittenMemory);
            if (holdsEnd && left == 0)
            {
                output.ResetWrittenCount();
            }
        }

        if (!holdsEnd)
        {
            output.ResetWrittenCount();
        }

        writer.End(output);
        yield return new SimStep(
            due, holdsEnd ? WithoutLast(output.WrittenMemory) : output.WrittenMemory, SimEnding.Complete);
    }

    /// <summary>Steps of an unstreamed body, or null where the fault leaves it as it is.</summary>
    public static IEnumerable<SimStep>? Whole(ReadOnlyMemory<byte> body, SimFault? fault, out long? length)
    {
        length = body.Length;
        var half = body[..(body.Length / 2)];
        switch (fault?.Kind)
        {
            case SimFaultKind.SlowFirstToken:
                return [new SimStep(fault.Delay, body, SimEnding.Complete)];
            case SimFaultKind.Cut when fault.Ending == SimEnding.Complete:
            case SimFaultKind.MalformedChunk:
                length = null;
                return [new SimStep(TimeSpan.Zero, half, SimEnding.Complete)];
            case SimFaultKind.Cut:
            case SimFaultKind.Reset:
                return [new SimStep(TimeSpan.Zero, half, SimEnding.Reset)];
            case SimFaultKind.Stall when fault.For is { } pause:
                return
                [
                    new SimStep(TimeSpan.Zero, half),
                    new SimStep(pause, body[half.Length..], SimEnding.Complete),
                ];
            case SimFaultKind.Stall:
                return [new SimStep(TimeSpan.Zero, half, SimEnding.Silence)];
            case SimFaultKind.TruncatedBody:
                length = body.Length + fault.Missing;
                return [new SimStep(TimeSpan.Zero, body, SimEnding.Reset)];
            case SimFaultKind.HugeBody:
                length = Math.Max(fault.Size, body.Length);
                return Pad(body, fault.Size);
            default:
                return null;
        }
    }

    private static SimStep Break(
        SimFault fault, TimeSpan due, ArrayBufferWriter<byte> output, Action<IBufferWriter<byte>> writeError)
    {
        output.ResetWrittenCount();
        switch (fault.Kind)
        {
            case SimFaultKind.ErrorEvent:
                writeError(output);
                return new SimStep(due, output.WrittenMemory, SimEnding.Complete);
            case SimFaultKind.Stall:
                return new SimStep(due, default, SimEnding.Silence);
            default:
                return new SimStep(due, default, fault.Kind == SimFaultKind.Reset ? SimEnding.Reset : fault.Ending);
        }
    }

    /// <summary>The first half of the event's JSON, with the event's framing intact.</summary>
    private static byte[] Spoil(ReadOnlySpan<byte> framed)
    {
        var line = framed.LastIndexOf("\ndata: "u8) + 1;
        var events = framed[line..].StartsWith("data: "u8);
        var start = events ? line + "data: "u8.Length : 0;
        var end = events ? start + Math.Max(0, framed[start..].IndexOf((byte)'\n')) : framed.Length;
        var half = start + ((end - start) / 2);
        return [.. framed[..half], .. framed[end..]];
    }

    /// <summary>All but the last event (or, in an array, the closing bracket).</summary>
    private static ReadOnlyMemory<byte> WithoutLast(ReadOnlyMemory<byte> framed)
    {
        var text = framed.Span;
        if (text.EndsWith("]"u8))
        {
            return framed[..^1];
        }

        var before = text.Length > 2 ? text[..^2].LastIndexOf("\n\n"u8) : -1;
        return before < 0 ? default : framed[..(before + 2)];
    }

    private static IEnumerable<SimStep> Pad(ReadOnlyMemory<byte> body, long size)
    {
        yield return new SimStep(TimeSpan.Zero, body);
        var spaces = new byte[PaddingBytes];
        Array.Fill(spaces, (byte)' ');
        for (var left = size - body.Length; left > 0; left -= spaces.Length)
        {
            yield return new SimStep(TimeSpan.Zero, spaces.AsMemory(0, (int)Math.Min(left, spaces.Length)));
        }
    }
}
