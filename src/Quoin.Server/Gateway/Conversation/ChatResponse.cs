using System.Text;

namespace Quoin.Server.Gateway.Conversation;

/// <summary>
/// A whole answer, assembled from its events. Parts are in block order: <see cref="TextPart"/>,
/// <see cref="RefusalPart"/>, <see cref="ReasoningPart"/> and <see cref="ToolCallPart"/>.
/// </summary>
internal sealed record ChatResponse
{
    public string? Id { get; init; }

    public string? Model { get; init; }

    public long? CreatedUnixSeconds { get; init; }

    public IReadOnlyList<Part> Parts { get; init; } = [];

    /// <summary>Log-probabilities of all text, in order; null where none were given.</summary>
    public IReadOnlyList<TokenLogProb>? LogProbs { get; init; }

    public FinishReason Finish { get; init; }

    public string? StopSequence { get; init; }

    public string? FinishDetail { get; init; }

    public Usage? Usage { get; init; }

    /// <summary>Null when the events ended without <see cref="ResponseFinished"/>: the answer is cut.</summary>
    public static ChatResponse? Assemble(IEnumerable<ChatEvent> events)
    {
        var assembly = new ChatResponseAssembler();
        foreach (var e in events)
        {
            assembly.Add(e);
        }

        return assembly.Finish();
    }

    /// <summary>The answer as events again, one delta a block: how a whole answer is replayed as a stream.</summary>
    public IEnumerable<ChatEvent> ToEvents()
    {
        yield return new ResponseStarted(Id, Model, CreatedUnixSeconds);
        var logProbs = LogProbs;
        for (var i = 0; i < Parts.Count; i++)
        {
            switch (Parts[i])
            {
                case TextPart text:
                    yield return new BlockStarted(i, BlockKind.Text);
                    yield return new BlockDelta(i, text.Text, logProbs);
                    logProbs = null;
                    break;
                case RefusalPart refusal:
                    yield return new BlockStarted(i, BlockKind.Refusal);
                    yield return new BlockDelta(i, refusal.Text);
                    break;
                case ReasoningPart reasoning:
                    yield return new BlockStarted(i, BlockKind.Reasoning);
                    if (reasoning.Text.Length > 0)
                    {
                        yield return new BlockDelta(i, reasoning.Text);
                    }

                    if (reasoning.Signature is { } thought)
                    {
                        yield return new BlockSigned(i, thought, reasoning.Redacted);
                    }

                    break;
                case ToolCallPart call:
                    yield return new BlockStarted(i, BlockKind.ToolCall, call.Id, call.Name);
                    yield return new BlockDelta(i, call.Arguments);
                    if (call.Signature is { } signature)
                    {
                        yield return new BlockSigned(i, signature);
                    }

                    break;
            }

            yield return new BlockStopped(i);
        }

        if (Usage is not null)
        {
            yield return new UsageReported(Usage);
        }

        yield return new ResponseFinished(Finish, StopSequence, FinishDetail);
    }
}

/// <summary>Adds events up to a <see cref="ChatResponse"/>. One assembler for one answer.</summary>
internal sealed class ChatResponseAssembler
{
    private readonly SortedDictionary<int, Block> _blocks = [];
    private List<TokenLogProb>? _logProbs;
    private ResponseStarted? _started;
    private ResponseFinished? _finished;
    private Usage? _usage;

    public GatewayError? Error { get; private set; }

    public Usage? Usage => _usage;

    public void Add(ChatEvent e)
    {
        switch (e)
        {
            case ResponseStarted started:
                _started ??= started;
                break;
            case BlockStarted block:
                _blocks[block.Index] = new Block(block);
                break;
            case BlockDelta delta when _blocks.TryGetValue(delta.Index, out var block):
                block.Text.Append(delta.Text);
                if (delta.LogProbs is { } logProbs)
                {
                    (_logProbs ??= []).AddRange(logProbs);
                }

                break;
            case BlockSigned signed when _blocks.TryGetValue(signed.Index, out var block):
                block.Signature = signed.Signature;
                block.Redacted = signed.Redacted;
                break;
            case UsageReported report:
                _usage = _usage is null ? report.Usage : _usage.Merge(report.Usage);
                break;
            case ResponseFinished finished:
                _finished = finished;
                break;
            case ResponseFailed failed:
                Error = failed.Error;
                break;
        }
    }

    public ChatResponse? Finish() => _finished is null || Error is not null ? null : new ChatResponse
    {
        Id = _started?.Id,
        Model = _started?.Model,
        CreatedUnixSeconds = _started?.CreatedUnixSeconds,
        Parts = [.. _blocks.Values.Select(block => block.ToPart())],
        LogProbs = _logProbs,
        Finish = _finished.Reason,
        StopSequence = _finished.StopSequence,
        FinishDetail = _finished.Detail,
        Usage = _usage,
    };

    private sealed class Block(BlockStarted started)
    {
        public StringBuilder Text { get; } = new();

        public string? Signature { get; set; }

        public bool Redacted { get; set; }

        public Part ToPart() => started.Kind switch
        {
            BlockKind.Text => new TextPart(Text.ToString()),
            BlockKind.Refusal => new RefusalPart(Text.ToString()),
            BlockKind.Reasoning => new ReasoningPart(Text.ToString(), Signature, Redacted),
            _ => new ToolCallPart(started.ToolCallId ?? "", started.ToolName ?? "", Text.ToString(), Signature),
        };
    }
}
