using System.Text;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>A block that is being read from a stream, and what of it was told already.</summary>
internal sealed class ResponsesStreamBlock(int index, BlockKind kind)
{
    private readonly StringBuilder _told = new();
    private (char Source, int Index, int Start) _thought;
    private bool _stopped;

    public int Index => index;

    public void Add(string text, List<TokenLogProb>? logProbs, List<ChatEvent> events)
    {
        if (!_stopped)
        {
            _told.Append(text);
            events.Add(new BlockDelta(index, text, logProbs));
        }
    }

    /// <summary>What of the whole text the deltas did not bring; nothing when they brought another text.</summary>
    public void Rest(string whole, List<TokenLogProb>? logProbs, List<ChatEvent> events)
    {
        if (Missing(whole, 0) is { Length: > 0 } rest)
        {
            Add(rest, _told.Length == 0 ? logProbs : null, events);
        }
    }

    /// <summary>
    /// One of the parts of a thought. Where there are both a summary and the thoughts themselves, that which
    /// came first is taken.
    /// </summary>
    public void Thought(char source, int part, string text, bool whole, List<ChatEvent> events)
    {
        if (kind != BlockKind.Reasoning || (_told.Length > 0 && source != _thought.Source))
        {
            return;
        }

        if (_told.Length == 0)
        {
            _thought = (source, part, 0);
        }
        else if (part > _thought.Index)
        {
            Add(ResponsesBodyReader.SummarySeparator, null, events);
            _thought = (source, part, _told.Length);
        }
        else if (part < _thought.Index)
        {
            return;
        }

        var rest = whole ? Missing(text, _thought.Start) : text;
        if (rest.Length > 0)
        {
            Add(rest, null, events);
        }
    }

    public void Stop(List<ChatEvent> events)
    {
        if (!_stopped)
        {
            _stopped = true;
            events.Add(new BlockStopped(index));
        }
    }

    private string Missing(string whole, int start)
    {
        var told = _told.ToString(start, _told.Length - start);
        return whole.StartsWith(told, StringComparison.Ordinal) ? whole[told.Length..] : "";
    }
}
