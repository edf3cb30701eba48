using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Fuzz.Conversations;

/// <summary>
/// Makes random requests, answers and streams of answers, the same for the same seed, and nothing that the given
/// <see cref="Sayings"/> leave out. A conversation is well formed in every dialect: instructions first, turns
/// alternate unless runs are allowed, each tool call is answered in the next turn, and the user speaks last.
/// </summary>
internal sealed class ConversationGenerator(int seed, Sayings sayings)
{
    private static readonly string[] Words =
    [
        "plain words", "\"quoted\" \\back\\slash", "line\nbreak\r\n\ttab", "grüße, 日本語, 👩‍👩‍👧",
        "<b>&amp;</b> '+'", " ",
        "data: x\n\nevent: y", "\u0001\u007f", "\u2028\u2029\u00a0", "{\"json\": [1, null]}", "x", "[DONE]",
    ];

    private static readonly string[] Schemas =
    [
        """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""",
        """{"type":"object","properties":{"n":{"type":"integer","enum":[1,2]},"s":{"type":["string","null"]}}}""",
        """{"type":"object","properties":{}}""",
    ];

    private static readonly string[] ArgumentTexts =
    [
        "{}", """{"a":"Bern"}""", """{"n":1.50,"deep":{"a":[1,{"b":null}]},"t":"é\"\n"}""", """{"a":"東京","n":-0}""",
    ];

    private readonly Random _random = new(seed);
    private int _calls;

    public ChatRequest Request()
    {
        var tools = Chance(60) ? Tools() : [];
        var choice = tools.Count > 0 && Chance(50) ? Choice(tools) : null;
        var reasoning = ReasoningWish();
        return new ChatRequest
        {
            Model = "some-model",
            Turns = Turns(tools),
            Tools = tools,
            ToolChoice = choice,
            ParallelToolCalls = tools.Count > 0 ? May(Sayings.ParallelToolCalls, 40, () => Chance(50)) : null,
            Output = Output(),
            MaxTokens = reasoning is null && Chance(50) ? Number(1, 9999) : Chance(50) ? 65536 : null,
            Stop = Chance(30) ? [.. Enumerable.Range(0, Number(1, 3)).Select(i => $"STOP {i}")] : [],
            Temperature = Chance(40) ? Number(0, Can(Sayings.HotTemperature) ? 8 : 4) / 4.0 : null,
            TopP = Chance(30) ? Number(1, 4) / 4.0 : null,
            TopK = May(Sayings.TopK, 30, () => Number(1, 99)),
            FrequencyPenalty = May(Sayings.Penalties, 30, () => Number(-8, 8) / 4.0),
            PresencePenalty = May(Sayings.Penalties, 30, () => Number(-8, 8) / 4.0),
            Seed = May(Sayings.Seed, 30, () => (long)Number(0, 100000)),
            TopLogProbs = May(Sayings.LogProbs, 30, () => Number(0, 5)),
            Reasoning = reasoning,
            Stream = Chance(50),
            EndUser = Can(Sayings.EndUser) && Chance(30) ? "user-1" : null,
        };
    }

    public ChatResponse Response()
    {
        var parts = AnswerParts(Chance(40) ? Tools() : []);
        var finish = Ending(parts);
        return new ChatResponse
        {
            Id = "id_" + Number(1, 1000000),
            Model = "answering-model",
            CreatedUnixSeconds = null,
            Parts = parts,
            LogProbs = Can(Sayings.LogProbs) && parts.Any(part => part is TextPart) && Chance(40) ? LogProbs() : null,
            Finish = finish,
            StopSequence = finish == FinishReason.StopSequence ? "STOP" : null,
            Usage = Usage(),
        };
    }

    /// <summary>
    /// The answer as a stream: text and arguments cut anywhere (also within a surrogate pair's neighbourhood, never
    /// inside the pair), and with <paramref name="overlap"/> the deltas of neighbouring tool calls interleaved.
    /// </summary>
    public IEnumerable<ChatEvent> Stream(ChatResponse response, bool overlap)
    {
        var open = new List<Queue<ChatEvent>>();
        var last = BlockKind.Text;
        foreach (var e in response.ToEvents())
        {
            if (e is BlockStarted started
                && (!overlap || (started.Kind, last) is not (BlockKind.ToolCall, BlockKind.ToolCall)))
            {
                foreach (var held in Drain(open))
                {
                    yield return held;
                }
            }

            switch (e)
            {
                case BlockStarted next:
                    last = next.Kind;
                    open.Add(new Queue<ChatEvent>([e]));
                    break;
                case BlockDelta delta:
                    foreach (var piece in Cut(delta))
                    {
                        open[^1].Enqueue(piece);
                    }

                    break;
                case BlockSigned or BlockStopped:
                    open[^1].Enqueue(e);
                    break;
                default:
                    foreach (var held in Drain(open))
                    {
                        yield return held;
                    }

                    yield return e;
                    break;
            }

            if (Chance(5))
            {
                yield return KeepAlive.Instance;
            }
        }
    }

    public string Text() => string.Concat(Enumerable.Range(0, Number(1, 4)).Select(_ => Pick(Words)));

    // Blocks start in the order of their indexes, whatever else is interleaved.
    private IEnumerable<ChatEvent> Drain(List<Queue<ChatEvent>> open)
    {
        var begun = 0;
        while (open.Count > 0)
        {
            var next = _random.Next(Math.Min(begun + 1, open.Count));
            begun = Math.Max(begun, next + 1);
            yield return open[next].Dequeue();
            if (open[next].Count == 0)
            {
                open.RemoveAt(next);
                begun--;
            }
        }
    }

    private IEnumerable<BlockDelta> Cut(BlockDelta delta)
    {
        if (delta.LogProbs is not null)
        {
            yield return delta;
            yield break;
        }

        var rest = delta.Text;
        while (rest.Length > 0)
        {
            var length = Number(1, rest.Length);
            if (length < rest.Length && char.IsHighSurrogate(rest[length - 1]))
            {
                length++;
            }

            yield return delta with { Text = rest[..length] };
            rest = rest[length..];
        }
    }

    private List<Turn> Turns(IReadOnlyList<Tool> tools)
    {
        var turns = new List<Turn>();
        for (var i = Chance(50) ? Can(Sayings.ManyInstructions) ? Number(1, 3) : 1 : 0; i > 0; i--)
        {
            turns.Add(new Turn(Role.System, Texts(Sayings.ManyInstructions)));
        }

        for (var i = Number(0, 3); i > 0; i--)
        {
            turns.Add(UserTurn());
            if (Can(Sayings.SameRoleRuns) && Chance(20))
            {
                turns.Add(UserTurn());
            }

            if (Can(Sayings.LateInstructions) && Chance(20))
            {
                turns.Add(new Turn(Role.System, [new TextPart(Text())]));
            }

            var parts = AnswerParts(tools);
            turns.Add(new Turn(Role.Assistant, parts));
            var results = parts.OfType<ToolCallPart>().Select(Result).ToList<Part>();
            if (results.Count > 0)
            {
                turns.Add(new Turn(Role.User, results));
                turns.Add(new Turn(Role.Assistant, [new TextPart(Text())]));
            }
        }

        turns.Add(UserTurn());
        return turns;
    }

    private Turn UserTurn()
    {
        var parts = new List<Part>(Texts(Sayings.ManyTexts));
        AddMaybe(parts, Sayings.ImageData, () => new MediaPart("image/png", "iVBORw0KGgo=", null));
        AddMaybe(parts, Sayings.ImageUrls, () => new MediaPart(null, null, "https://example.com/a.png?x=1&y=2"));
        AddMaybe(parts, Sayings.DocumentData, () => new MediaPart("application/pdf", "JVBERi0=", null, "a.pdf"));
        AddMaybe(parts, Sayings.DocumentUrls, () => new MediaPart("application/pdf", null, "https://example.com/a"));
        AddMaybe(parts, Sayings.Audio, () => new MediaPart("audio/wav", "UklGRg==", null));
        return new Turn(Role.User, parts);
    }

    private void AddMaybe(List<Part> parts, Sayings saying, Func<Part> make)
    {
        if (Can(saying) && Chance(25))
        {
            parts.Insert(_random.Next(parts.Count + 1), make());
        }
    }

    private List<Part> Texts(Sayings many) =>
        [.. Enumerable.Range(0, Can(many) ? Number(1, 3) : 1).Select(_ => new TextPart(Text()))];

    private List<Part> AnswerParts(IReadOnlyList<Tool> tools)
    {
        var parts = new List<Part>();
        if (Can(Sayings.Thoughts) && Chance(30))
        {
            parts.Add(new ReasoningPart(Text(), "c2lnbmVk" + Number(0, 99)));
        }

        if (Can(Sayings.RedactedThoughts) && Chance(20))
        {
            parts.Add(new ReasoningPart("", "cmVkYWN0ZWQ" + Number(0, 99), Redacted: true));
        }

        if (Can(Sayings.UnsignedThoughts) && parts.Count == 0 && Chance(30))
        {
            parts.Add(new ReasoningPart(Text()));
        }

        if (Can(Sayings.Refusals) && Chance(10))
        {
            parts.Add(new RefusalPart(Text()));
            return parts;
        }

        var calls = tools.Count == 0 || Chance(40) ? 0 : Can(Sayings.ManyCalls) ? Number(1, 3) : 1;
        if (calls == 0 || Chance(50))
        {
            parts.AddRange(Texts(Sayings.ManyTexts));
        }

        for (; calls > 0; calls--)
        {
            var signature = Can(Sayings.CallSignatures) && Chance(50) ? "Y2FsbA" + Number(0, 99) : null;
            parts.Add(new ToolCallPart($"call_{++_calls}", Pick(tools).Name, Pick(ArgumentTexts), signature));
            if (Can(Sayings.TextAfterCalls) && Chance(30))
            {
                parts.Add(new TextPart(Text()));
            }
        }

        return parts;
    }

    private ToolResultPart Result(ToolCallPart call)
    {
        var content = new List<Part> { new TextPart(Text()) };
        AddMaybe(content, Sayings.ToolImages, () => new MediaPart("image/jpeg", "/9j/4AAQ", null));
        return new ToolResultPart(
            call.Id,
            content,
            Can(Sayings.ToolErrors) && Chance(30),
            Can(Sayings.ResultNames) ? call.Name : null);
    }

    private List<Tool> Tools() => [.. Enumerable.Range(0, Number(1, 3)).Select(i => new Tool(
        $"tool_{i}",
        Chance(70) ? Text() : null,
        Json(Pick(Schemas)),
        May(Sayings.StrictTools, 40, () => Chance(50))))];

    private ToolChoice Choice(List<Tool> tools) => Number(0, 4) switch
    {
        0 => new ToolChoice(ToolChoiceMode.Auto),
        1 => new ToolChoice(ToolChoiceMode.None),
        2 => new ToolChoice(ToolChoiceMode.Required),
        3 when Can(Sayings.AllowedTools) && tools.Count > 2 => new ToolChoice(
            Chance(50) ? ToolChoiceMode.Auto : ToolChoiceMode.Required, [tools[0].Name, tools[1].Name]),
        _ => new ToolChoice(ToolChoiceMode.Required, [Pick(tools).Name]),
    };

    private Reasoning? ReasoningWish() => Number(0, 5) switch
    {
        0 when Can(Sayings.Effort) => new Reasoning((ReasoningEffort)Number(
            (int)ReasoningEffort.Low, (int)ReasoningEffort.High)),
        1 when Can(Sayings.Budget) => new Reasoning(null, Number(1024, 40000)),
        _ => null,
    };

    private OutputFormat? Output() => Number(0, 5) switch
    {
        0 when Can(Sayings.JsonObject) => new OutputFormat(default),
        1 when Can(Sayings.JsonSchema) => new OutputFormat(
            Json(Pick(Schemas)), Can(Sayings.SchemaNames) ? "answer_format" : null),
        _ => null,
    };

    private FinishReason Ending(List<Part> parts)
    {
        if (parts.Any(part => part is RefusalPart))
        {
            return FinishReason.Refusal;
        }

        if (parts.Any(part => part is ToolCallPart))
        {
            return FinishReason.ToolCalls;
        }

        var endings = new List<FinishReason> { FinishReason.Stop, FinishReason.Length };
        AddEnding(Sayings.StopSequenceEnding, FinishReason.StopSequence);
        AddEnding(Sayings.ContentFilterEnding, FinishReason.ContentFilter);
        AddEnding(Sayings.RefusalEnding, FinishReason.Refusal);
        AddEnding(Sayings.PauseEnding, FinishReason.Pause);
        AddEnding(Sayings.MalformedEnding, FinishReason.Malformed);
        return Pick(endings);

        void AddEnding(Sayings saying, FinishReason reason)
        {
            if (Can(saying))
            {
                endings.Add(reason);
            }
        }
    }

    private Usage Usage()
    {
        var cached = May(Sayings.CachedTokens, 60, () => Number(0, 1) * Number(1, 500));
        var written = May(Sayings.CacheWrites, 60, () => Number(0, 1) * Number(1, 500));
        var thought = May(Sayings.ReasoningTokens, 60, () => Number(0, 1) * Number(1, 500));
        return new Usage
        {
            InputTokens = (cached ?? 0) + (written ?? 0) + Number(0, 1000),
            OutputTokens = (thought ?? 0) + Number(0, 1000),
            CachedInputTokens = cached,
            CacheWriteTokens = written,
            ReasoningTokens = thought,
        };
    }

    private List<TokenLogProb> LogProbs() => [.. Enumerable.Range(0, Number(1, 3)).Select(i => new TokenLogProb(
        $"t{i}", -Number(0, 8) / 4.0, null, [new TokenLogProb($"t{i}", -0.25), new TokenLogProb("other", -1.5)]))];

    private bool Can(Sayings saying) => (sayings & saying) == saying;

    private T? May<T>(Sayings saying, int percent, Func<T> make)
        where T : struct => Can(saying) && Chance(percent) ? make() : null;

    private bool Chance(int percent) => _random.Next(100) < percent;

    /// <summary>Both ends included.</summary>
    private int Number(int min, int max) => _random.Next(min, max + 1);

    private T Pick<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
