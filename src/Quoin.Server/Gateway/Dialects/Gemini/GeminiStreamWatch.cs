using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Watches relayed chunks. There is no end marker: the stream is complete when the upstream closes after a finish
/// reason or a blocked prompt.
/// </summary>
internal sealed class GeminiStreamWatch : StreamWatch
{
    private bool _calls;
    private bool _content;

    public override WatchVerdict Observe(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        GeminiScan scan;
        try
        {
            scan = GeminiScan.Read(data, wantModel: Model is null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return WatchVerdict.Malformed;
        }

        if (scan.Failed)
        {
            Error = GeminiErrors.Read(data);
            return WatchVerdict.Error;
        }

        Model ??= scan.Model;
        Usage = scan.Usage is null ? Usage : Usage?.Merge(scan.Usage) ?? scan.Usage;
        _calls |= scan.Calls;
        _content |= scan.Content;
        if (scan.Reason is not null)
        {
            Finish = GeminiFinish.ReasonOf(scan.Reason, _calls, _content);
        }
        else if (scan.Blocked)
        {
            Finish = FinishReason.ContentFilter;
        }

        return scan.Content || scan.Blocked || scan.Reason is not null ? WatchVerdict.Content : WatchVerdict.Preamble;
    }

    public override bool Complete(IBufferWriter<byte> output) => Finish is not null;
}
