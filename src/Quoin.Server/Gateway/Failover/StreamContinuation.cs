using System.Buffers;
using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// What has gone out of a stream, so that another candidate can go on with it: the events that began it and the text so
/// far. Only plain text can be gone on with: thoughts are signed by who had them, and half a tool call is nobody's.
/// The next candidate gets the conversation with the text so far as the assistant's last message. Kept only where a
/// candidate of the route has <c>continue: true</c>.
/// </summary>
internal sealed class StreamContinuation
{
    private readonly Exchange _exchange;
    private readonly List<ChatEvent> _begun = [];
    private readonly StringBuilder _text = new();
    private readonly List<ChatEvent> _events = [];
    private ChatStreamReader? _reader;
    private bool _plain = true;
    private int _blocks;

    private StreamContinuation(Exchange exchange) => _exchange = exchange;

    /// <summary>Null where no candidate may go on with another's stream.</summary>
    public static StreamContinuation? For(Exchange exchange, IReadOnlyList<Candidate> candidates)
    {
        if (!exchange.Record.Stream || candidates.Count < 2)
        {
            return null;
        }

        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Options.Continue)
            {
                return exchange.Record.Operation == Operation.Chat
                    && exchange.Call.Framing is EventStreamFraming
                        ? new StreamContinuation(exchange)
                        : null;
            }
        }

        return null;
    }

    /// <summary>The attempt under way goes on with the stream; before that, it begins it.</summary>
    public bool Continuing { get; set; }

    public bool Possible => _plain && _text.Length is > 0 and <= FailoverLimits.ContinuedChars;

    /// <summary>The text block that is open at the client; -1 when none is.</summary>
    public int OpenBlock { get; private set; } = -1;

    /// <summary>Of all attempts together.</summary>
    public Usage? Usage { get; private set; }

    public string Text => _text.ToString();

    /// <summary>The first attempt's events, as they went out.</summary>
    public IReadOnlyList<ChatEvent> Begun => _begun;

    public static void WriteMark(string provider, IBufferWriter<byte> output)
    {
        output.Write(": quoin continued on "u8);
        output.Write(Encoding.ASCII.GetBytes(provider));
        output.Write("\n\n"u8);
    }

    /// <summary>Follows the first attempt's stream; later ones are followed by <see cref="Add"/>.</summary>
    public void Observe(Dialect upstream, ServerSentEvent e)
    {
        if (Continuing || !_plain || !e.HasData)
        {
            return;
        }

        _events.Clear();
        try
        {
            (_reader ??= upstream.CreateStreamReader()).Read(e.Name.Span, e.Data, _events);
        }
        catch (Exception fault) when (UnreadableAnswer.Is(fault))
        {
            _plain = false;
        }

        foreach (var read in _events)
        {
            Add(read);
        }
    }

    /// <summary>Notes an event that goes out to the client.</summary>
    public void Add(ChatEvent e)
    {
        switch (e)
        {
            case ResponseStarted:
                _begun.Add(e);
                break;
            case BlockStarted { Kind: BlockKind.Text } block:
                _begun.Add(e);
                (OpenBlock, _blocks) = (block.Index, Math.Max(_blocks, block.Index + 1));
                break;
            case BlockStarted or BlockSigned or ResponseFinished:
                // A finished answer that breaks after it needs no continuation either.
                _plain = false;
                break;
            case BlockDelta delta:
                _text.Append(delta.Text);
                _plain &= _text.Length <= FailoverLimits.ContinuedChars;
                break;
            case BlockStopped stopped:
                _begun.Add(e);
                OpenBlock = stopped.Index == OpenBlock ? -1 : OpenBlock;
                break;
        }
    }

    public int NextBlock() => _blocks++;

    /// <summary>
    /// How a candidate is asked to go on: by the model of events, also where it speaks the client's own API.
    /// </summary>
    public AttemptPlan Plan(WireApi client, Provider provider)
    {
        var api = Chats(client) && provider.Speaks.Contains(client)
            ? client
            : provider.Speaks.Where(Chats).Select(api => (WireApi?)api).FirstOrDefault()
                ?? throw new UntranslatableException(ChatField.Turns, "model", "it offers no such operation");
        var dialect = WireApis.DialectOf(api);
        return new AttemptPlan(api, dialect, "", Stream: true, new PrefilledTranslation(dialect, this));
    }

    /// <summary>Of an attempt that went on and has added it already (<see cref="ContinuingRelay"/>).</summary>
    public Usage? OwnUsage { private get; set; }

    public Usage? TakeOwnUsage()
    {
        var own = OwnUsage;
        OwnUsage = null;
        return own;
    }

    public void AddUsage(Usage? usage)
    {
        if (usage is null || Usage is null)
        {
            Usage ??= usage;
            return;
        }

        Usage = new Usage
        {
            InputTokens = Sum(Usage.InputTokens, usage.InputTokens),
            OutputTokens = Sum(Usage.OutputTokens, usage.OutputTokens),
            CachedInputTokens = Sum(Usage.CachedInputTokens, usage.CachedInputTokens),
            CacheWriteTokens = Sum(Usage.CacheWriteTokens, usage.CacheWriteTokens),
            ReasoningTokens = Sum(Usage.ReasoningTokens, usage.ReasoningTokens),
        };
    }

    /// <summary>Nobody goes on: the client's own error event.</summary>
    public async ValueTask EndAsync(GatewayError error)
    {
        var http = _exchange.Http;
        if (http.RequestAborted.IsCancellationRequested)
        {
            _exchange.Record.ClientGone = true;
            return;
        }

        var client = new ClientWriter(http, _exchange.Snapshot.Options.Server.WriteTimeout, _exchange.Time);
        _exchange.Call.Framing.Fail(_exchange.Dialect, error, _exchange.Record.RequestId, client.Output);
        _exchange.Record.ResponseBytes += client.Output.UnflushedBytes;
        await client.FlushAsync();
    }

    private static bool Chats(WireApi api) =>
        WireApis.OperationOf(api) == Operation.Chat
        && api is not (WireApi.OpenAICompletions or WireApi.HapaxCompletions);

    private static int? Sum(int? one, int? other) => one is null ? other : one + (other ?? 0);

    /// <summary>The client's request with the text so far as the assistant's last words.</summary>
    private sealed class PrefilledTranslation(Dialect upstream, StreamContinuation soFar) : ITranslation
    {
        public void WriteRequest(Exchange exchange, UpstreamTraits traits, IBufferWriter<byte> output)
        {
            // Anthropic refuses a prefill that ends in white space; ContinuingRelay does not repeat what is cut here.
            var text = soFar.Text.TrimEnd();
            var turn = new Turn(Role.Assistant, [new TextPart(text)]);
            upstream.WriteRequest(
                exchange.Chat with { Turns = [.. exchange.Chat.Turns, turn] }, traits, output);
        }

        public ResponseFacts WriteResponse(
            Exchange exchange, AttemptPlan plan, ReadOnlyMemory<byte> body, IBufferWriter<byte> output) =>
            throw new System.Diagnostics.UnreachableException("only streams are gone on with");
    }
}
