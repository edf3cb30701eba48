using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// What is done with each event of an upstream's stream: relayed untouched under a watch, or translated. One a
/// stream.
/// </summary>
internal abstract class EventRelay
{
    public string? Model { get; protected set; }

    public Usage? Usage { get; protected set; }

    public FinishReason? Finish { get; protected set; }

    /// <summary>Set when <see cref="Pass"/> answered <see cref="WatchVerdict.Error"/>.</summary>
    public GatewayError? Error { get; protected set; }

    /// <summary>Writes what the client gets for the event. Nothing is written for Error and Malformed.</summary>
    public abstract WatchVerdict Pass(ServerSentEvent e, IBufferWriter<byte> output);

    /// <summary>
    /// The upstream closed in good order without an end marker. True when the answer is complete all the same; then
    /// its end is written.
    /// </summary>
    public abstract bool Complete(IBufferWriter<byte> output);

    /// <summary>Ends a stream that has begun with an error, in the client's dialect and framing.</summary>
    public abstract void Fail(GatewayError error, IBufferWriter<byte> output);
}

/// <summary>The same dialect on both sides: events go through byte for byte.</summary>
internal sealed class UntouchedRelay(Dialect dialect, IStreamFraming framing, string requestId) : EventRelay
{
    private readonly StreamWatch _watch = dialect.CreateStreamWatch();

    public override WatchVerdict Pass(ServerSentEvent e, IBufferWriter<byte> output)
    {
        if (!e.HasData)
        {
            framing.Relay(e, output);
            return WatchVerdict.Preamble;
        }

        var verdict = Observe(e);
        (Model, Usage, Finish) = (_watch.Model, _watch.Usage, _watch.Finish);
        switch (verdict)
        {
            case WatchVerdict.Error:
                Error = UpstreamFault.InStream(_watch.Error);
                break;
            case WatchVerdict.Malformed:
                break;
            case WatchVerdict.End:
                framing.Relay(e, output);
                framing.End(output);
                break;
            default:
                framing.Relay(e, output);
                break;
        }

        return verdict;
    }

    private WatchVerdict Observe(ServerSentEvent e)
    {
        try
        {
            return _watch.Observe(e.Name.Span, e.Data.Span);
        }
        catch (Exception fault) when (UnreadableAnswer.Is(fault))
        {
            // Such as a name that is no text, which shows only when it is compared.
            return WatchVerdict.Malformed;
        }
    }

    public override bool Complete(IBufferWriter<byte> output)
    {
        if (!_watch.Complete(output))
        {
            return false;
        }

        framing.End(output);
        return true;
    }

    public override void Fail(GatewayError error, IBufferWriter<byte> output) =>
        framing.Fail(dialect, error, requestId, output);
}

/// <summary>Another dialect on each side: events are read into chat events and written anew.</summary>
internal sealed class TranslatingRelay(
    Dialect upstream, Dialect client, AnswerContext context, IStreamFraming framing) : EventRelay
{
    private readonly ChatStreamReader _reader = upstream.CreateStreamReader();
    private readonly ChatStreamWriter _writer = client.CreateStreamWriter(context);
    private readonly List<ChatEvent> _events = [];
    private bool _finished;

    public override WatchVerdict Pass(ServerSentEvent e, IBufferWriter<byte> output)
    {
        if (!e.HasData)
        {
            framing.Relay(e, output);
            return WatchVerdict.Preamble;
        }

        _events.Clear();
        try
        {
            _reader.Read(e.Name.Span, e.Data, _events);
        }
        catch (Exception fault) when (UnreadableAnswer.Is(fault))
        {
            return WatchVerdict.Malformed;
        }

        var verdict = Write(output);
        if (verdict != WatchVerdict.Error && _reader.Ended)
        {
            return End(output) ? WatchVerdict.End : WatchVerdict.Malformed;
        }

        return verdict;
    }

    public override bool Complete(IBufferWriter<byte> output)
    {
        _events.Clear();
        return _reader.Complete(_events) && Write(output) != WatchVerdict.Error && End(output);
    }

    public override void Fail(GatewayError error, IBufferWriter<byte> output) =>
        framing.Fail(client, error, context.RequestId, output);

    private WatchVerdict Write(IBufferWriter<byte> output)
    {
        var verdict = WatchVerdict.Preamble;
        foreach (var e in _events)
        {
            switch (e)
            {
                case ResponseFailed failed:
                    Error = failed.Error;
                    return WatchVerdict.Error;
                case ResponseStarted started:
                    Model = started.Model ?? Model;
                    break;
                case UsageReported report:
                    Usage = Usage is null ? report.Usage : Usage.Merge(report.Usage);
                    break;
                case ResponseFinished finished:
                    Finish = finished.Reason;
                    _finished = true;
                    verdict = WatchVerdict.Content;
                    break;
                case BlockDelta { Text.Length: > 0 } or BlockStarted { Kind: BlockKind.ToolCall } or BlockSigned:
                    verdict = WatchVerdict.Content;
                    break;
            }

            framing.Translate(_writer, e, output);
        }

        return verdict;
    }

    /// <summary>False when the upstream ended without saying why: the answer is not whole.</summary>
    private bool End(IBufferWriter<byte> output)
    {
        if (!_finished)
        {
            return false;
        }

        framing.EndTranslated(_writer, output);
        return true;
    }
}
