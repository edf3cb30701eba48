using System.Buffers.Binary;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// A JSON number in one spelling: its sign, its power of ten, its digits without the zeros around them with their
/// count. Exact, whatever the number of digits; 0 has none. A power that nobody means stays as it is written.
/// </summary>
internal static class CanonicalNumber
{
    private const int HeadBytes = 1 + sizeof(long) + sizeof(int);

    /// <summary>Digits of a power that is read: a billion and more is no number of anybody's.</summary>
    private const int PowerDigits = 9;

    public static int MaxBytes(ReadOnlySpan<byte> raw) => HeadBytes + raw.Length;

    /// <param name="raw">A valid number.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> raw, Span<byte> text)
    {
        var mark = raw.IndexOfAny((byte)'e', (byte)'E');
        var power = 0L;
        if (mark >= 0 && !TryReadPower(raw[(mark + 1)..], out power))
        {
            raw.CopyTo(text[HeadBytes..]);
            return WriteHead(text, (byte)'r', 0, raw.Length);
        }

        var number = mark < 0 ? raw : raw[..mark];
        var negative = number[0] == (byte)'-';
        var digits = text[HeadBytes..];
        var count = 0;
        var fraction = false;
        foreach (var digit in number[(negative ? 1 : 0)..])
        {
            if (digit == (byte)'.')
            {
                fraction = true;
                continue;
            }

            power -= fraction ? 1 : 0;
            if (count > 0 || digit != (byte)'0')
            {
                digits[count++] = digit;
            }
        }

        while (count > 0 && digits[count - 1] == (byte)'0')
        {
            count--;
            power++;
        }

        return count == 0
            ? WriteHead(text, (byte)'+', 0, 0)
            : WriteHead(text, negative ? (byte)'-' : (byte)'+', power, count);
    }

    private static int WriteHead(Span<byte> text, byte sign, long power, int digits)
    {
        text[0] = sign;
        BinaryPrimitives.WriteInt64LittleEndian(text[1..], power);
        BinaryPrimitives.WriteInt32LittleEndian(text[(1 + sizeof(long))..], digits);
        return HeadBytes + digits;
    }

    private static bool TryReadPower(ReadOnlySpan<byte> text, out long power)
    {
        power = 0;
        var digits = (text[0] is (byte)'+' or (byte)'-' ? text[1..] : text).TrimStart((byte)'0');
        if (digits.Length > PowerDigits)
        {
            return false;
        }

        foreach (var digit in digits)
        {
            power = (power * 10) + digit - '0';
        }

        power = text[0] == (byte)'-' ? -power : power;
        return true;
    }
}
