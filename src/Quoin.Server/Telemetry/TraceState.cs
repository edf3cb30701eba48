using System.Buffers;
using Microsoft.Extensions.Primitives;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Checks a tracestate (W3C Trace Context §3.3): a list of <c>key=value</c> of at most 32 members. One that breaks
/// the grammar is dropped whole. One that is too long loses members of more than 128 characters first and then
/// members from its end, as §3.3.1.5 asks for.
/// </summary>
internal static class TraceState
{
    private const int LongMember = 128;

    private static readonly SearchValues<char> KeyChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/");

    /// <summary>What to pass on; null for nothing.</summary>
    public static string? Read(StringValues headers)
    {
        var text = headers.Count == 1 ? headers[0]! : string.Join(',', headers.ToArray());
        // A Kestrel header section may be 2 MB; what is absurd is not looked at.
        if (text.Length is 0 or > TelemetryLimits.TraceStateChars * 16 || !TrySplit(text, out var members))
        {
            return null;
        }

        if (text.Length <= TelemetryLimits.TraceStateChars)
        {
            return members.Count > 0 ? text : null;
        }

        var length = members.Sum(member => member.Length + 1) - 1;
        for (var i = members.Count - 1; i >= 0 && length > TelemetryLimits.TraceStateChars; i--)
        {
            if (members[i].Length > LongMember)
            {
                length -= members[i].Length + 1;
                members.RemoveAt(i);
            }
        }

        while (length > TelemetryLimits.TraceStateChars)
        {
            length -= members[^1].Length + 1;
            members.RemoveAt(members.Count - 1);
        }

        return members.Count > 0 ? string.Join(',', members) : null;
    }

    private static bool TrySplit(string text, out List<string> members)
    {
        members = [];
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var range in text.AsSpan().Split(','))
        {
            var member = text.AsSpan()[range].Trim(" \t");
            if (member.IsEmpty)
            {
                continue;
            }

            var equals = member.IndexOf('=');
            if (equals < 0 || !IsKey(member[..equals]) || !IsValue(member[(equals + 1)..])
                || !keys.Add(member[..equals].ToString()) || members.Count == TelemetryLimits.TraceStateMembers)
            {
                return false;
            }

            members.Add(member.ToString());
        }

        return true;
    }

    private static bool IsKey(ReadOnlySpan<char> key)
    {
        var at = key.IndexOf('@');
        if (at < 0)
        {
            return key.Length is > 0 and <= 256 && char.IsAsciiLetterLower(key[0]) && !key.ContainsAnyExcept(KeyChars);
        }

        var tenant = key[..at];
        var system = key[(at + 1)..];
        return tenant.Length is > 0 and <= 241 && system.Length is > 0 and <= 14
            && (char.IsAsciiLetterLower(tenant[0]) || char.IsAsciiDigit(tenant[0]))
            && char.IsAsciiLetterLower(system[0])
            && !tenant.ContainsAnyExcept(KeyChars) && !system.ContainsAnyExcept(KeyChars);
    }

    private static bool IsValue(ReadOnlySpan<char> value) =>
        value.Length is > 0 and <= 256 && !value.ContainsAnyExceptInRange(' ', '~')
        && !value.Contains('=') && value[^1] != ' ';
}
