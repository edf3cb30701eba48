using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Goes on with a stream that another candidate began. The client's writer is brought to where the stream stands by
/// writing the events so far into nothing; then the new answer's text goes on in the open block. Left out: the new
/// answer's start, its thoughts, and what of its text the client has already (<see cref="RepetitionFilter"/>). Usage is
/// told as the sum.
/// </summary>
internal sealed class ContinuingRelay : EventRelay
{
    private readonly ChatStreamReader _reader;
    private readonly ChatStreamWriter _writer;
    private readonly Dialect _client;
    private readonly AnswerContext _context;
    private readonly IStreamFraming _framing;
    private readonly StreamContinuation _soFar;
    private readonly RepetitionFilter _filter;
    private readonly List<ChatEvent> _events = [];

    /// <summary>The new answer's blocks by the client's numbers; -1: left out.</summary>
    private readonly Dictionary<int, int> _blocks = [];

    private int _text = -1;
    private bool _finished;

    public ContinuingRelay(
        Dialect upstream, Dialect client, AnswerContext context, IStreamFraming framing, StreamContinuation soFar)
    {
        _reader = upstream.CreateStreamReader();
        _writer = client.CreateStreamWriter(context);
        (_client, _context, _framing, _soFar) = (client, context, framing, soFar);
        _filter = new RepetitionFilter(soFar.Text);
        foreach (var e in soFar.Begun)
        {
            _framing.Translate(_writer, e, NoOutput.Instance);
        }
    }

    public override WatchVerdict Pass(ServerSentEvent e, IBufferWriter<byte> output)
    {
        if (!e.HasData)
        {
            _framing.Relay(e, output);
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
        return verdict != WatchVerdict.Error && _reader.Ended
            ? End(output) ? WatchVerdict.End : WatchVerdict.Malformed
            : verdict;
    }

    public override bool Complete(IBufferWriter<byte> output)
    {
        _events.Clear();
        return _reader.Complete(_events) && Write(output) != WatchVerdict.Error && End(output);
    }

    public override void Fail(GatewayError error, IBufferWriter<byte> output) =>
        _framing.Fail(_client, error, _context.RequestId, output);

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
                case BlockStarted block:
                    verdict = Start(block, output, verdict);
                    break;
                case BlockDelta delta when _blocks.GetValueOrDefault(delta.Index, -1) is >= 0 and var index:
                    var text = index == _text ? _filter.Pass(delta.Text) : delta.Text;
                    if (text.Length > 0)
                    {
                        Emit(delta with { Index = index, Text = text }, output);
                        verdict = WatchVerdict.Content;
                    }

                    break;
                case BlockSigned signed when _blocks.GetValueOrDefault(signed.Index, -1) is >= 0 and var index:
                    Emit(signed with { Index = index }, output);
                    break;
                case BlockStopped stopped when _blocks.GetValueOrDefault(stopped.Index, -1) is >= 0 and var index:
                    Release(output);
                    Emit(new BlockStopped(index), output);
                    break;
                case ResponseFinished finished:
                    Release(output);
                    Finish = finished.Reason;
                    _finished = true;
                    verdict = WatchVerdict.Content;
                    Emit(finished, output);
                    break;
                case KeepAlive:
                    _framing.Translate(_writer, e, output);
                    break;
            }
        }

        return verdict;
    }

    private WatchVerdict Start(BlockStarted block, IBufferWriter<byte> output, WatchVerdict verdict)
    {
        if (block.Kind == BlockKind.Reasoning)
        {
            _blocks[block.Index] = -1;
            return verdict;
        }

        if (block.Kind == BlockKind.Text && _text < 0)
        {
            _text = _soFar.OpenBlock >= 0 ? _soFar.OpenBlock : _soFar.NextBlock();
            _blocks[block.Index] = _text;
            if (_soFar.OpenBlock < 0)
            {
                Emit(block with { Index = _text }, output);
            }

            return verdict;
        }

        if (_soFar.OpenBlock >= 0)
        {
            Release(output);
            Emit(new BlockStopped(_soFar.OpenBlock), output);
        }

        var index = _soFar.NextBlock();
        _blocks[block.Index] = index;
        Emit(block with { Index = index }, output);
        return block.Kind == BlockKind.ToolCall ? WatchVerdict.Content : verdict;
    }

    /// <summary>What looked like a repetition and was none.</summary>
    private void Release(IBufferWriter<byte> output)
    {
        if (_text >= 0 && _filter.Release() is { Length: > 0 } held)
        {
            Emit(new BlockDelta(_text, held), output);
        }
    }

    private void Emit(ChatEvent e, IBufferWriter<byte> output)
    {
        _soFar.Add(e);
        _framing.Translate(_writer, e, output);
    }

    private bool End(IBufferWriter<byte> output)
    {
        if (!_finished)
        {
            return false;
        }

        _soFar.AddUsage(Usage);
        if (_soFar.Usage is { } sum)
        {
            _framing.Translate(_writer, new UsageReported(sum), output);
        }

        (_soFar.OwnUsage, Usage) = (Usage, null);
        _framing.EndTranslated(_writer, output);
        return true;
    }
}
