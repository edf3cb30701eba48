using System.Globalization;

namespace Quoin.Server.Gateway.Settle;

/// <summary>
/// The Server-Timing header: what a request has cost until its answer's first byte, in milliseconds:
/// <c>queue;dur=0.0, provider;dur=12.3, overhead;dur=0.08</c>.
/// </summary>
internal sealed class ServerTiming(TimeProvider time)
{
    private readonly double _hundredthsPerTick = 1e5 / time.TimestampFrequency;

    /// <summary>Formats at the time the headers are sent: only the string is allocated.</summary>
    public string Format(RequestRecord record)
    {
        // Until the headers go out, the provider is done with what we waited for: the answer or a stream's start.
        var now = time.GetTimestamp();
        var last = record.ProviderStarted == 0
            ? 0
            : (record.ProviderAnswered > 0 ? record.ProviderAnswered : now) - record.ProviderStarted;
        var provider = Math.Max(last, 0) + record.EarlierAttempts;
        var overhead = Math.Max(now - record.Started - provider - record.Queued, 0);
        Span<char> text = stackalloc char[128];
        var length = 0;
        Write(text, ref length, "queue;dur=", record.Queued);
        Write(text, ref length, ", provider;dur=", provider);
        Write(text, ref length, ", overhead;dur=", overhead);
        return new string(text[..length]);
    }

    // One or two decimals. Format strings of doubles take 150 ns each, this takes 5.
    private void Write(Span<char> text, ref int length, string name, long ticks)
    {
        name.CopyTo(text[length..]);
        length += name.Length;
        var hundredths = (long)Math.Round(ticks * _hundredthsPerTick);
        (hundredths / 100).TryFormat(text[length..], out var digits, provider: CultureInfo.InvariantCulture);
        length += digits;
        text[length++] = '.';
        text[length++] = (char)('0' + (hundredths / 10 % 10));
        if (hundredths % 10 != 0)
        {
            text[length++] = (char)('0' + (hundredths % 10));
        }
    }
}
