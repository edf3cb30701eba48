using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Anthropic;
using Quoin.Server.Gateway.Dialects.Gemini;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>
/// What is left of a request or an answer after a dialect has said it. This is the whole list of losses that are by
/// design; whatever else a dialect cannot say it must refuse.
/// <code>
///                                        openai-chat  responses  anthropic  gemini
/// request
///   thoughts in the history              unsigned (1) own seals  signed     sealed, no text
///   signatures of calls (Gemini's)       kept         left out   left out   kept
///   order of texts and calls in a turn   texts first  kept       kept       kept
///   a refusal in the history             kept         kept       as text    as text
///   budget of thinking                   effort       effort     kept       kept
///   name of a schema                     kept         kept       left out   left out
///   strict of a tool                     kept         kept       kept       left out
///   name of a file                       kept         kept       kept       left out
///   end user                             kept         kept       kept       left out
///   parallel calls: allowed              kept         kept       default    default
///   parallel calls: not, one tool forced kept         kept       kept       by the force
///   penalties of 0                       kept         left out   left out   kept
///   no limit of output tokens            kept         kept       a default  kept
/// answer
///   signatures of thoughts               left out     kept       kept       kept
///   signatures of calls                  kept         (3)        (3)        kept
///   redacted thoughts                    left out     kept       kept       kept
///   order of texts, thoughts and calls   as a message kept       kept       kept
///   log-probabilities                    kept         kept       left out   kept
///   refusal's text                       kept         kept       as text    as text
///   ending by a stop sequence, a pause   stop         stop       kept       stop, content filter
///   ending by refusal without its text   filter       filter     kept       content filter
///   ending by filter, malformed          kept         kept (2)   refusal    kept
///   cache-written tokens                 kept         kept       kept       in the total only
/// (1) compatible servers only; nobody else takes them  (2) malformed is a failed response there
/// (3) in a thought of their own that only a client sends back, not a provider
/// </code>
/// Forgotten everywhere: how texts in a row are cut, how turns of one role are cut, the order of results before other
/// parts, image detail, a tool's name in its result, the media type of an image's URL, a file's name where it has
/// none, zeros of a usage's details, that a tool is not strict (each API's default, but for responses).
/// </summary>
internal static class DialectLosses
{
    public static ChatRequest Left(Dialect dialect, ChatRequest request) => dialect.Name switch
    {
        "openai-chat" => OfParts(request, AsChatMessage) with { Reasoning = AsEffort(request.Reasoning) },
        "openai-responses" => OfParts(request, parts => parts.Where(part => part is not ReasoningPart)
            .Select(Unsigned)) with
        {
            Reasoning = AsEffort(request.Reasoning),
            FrequencyPenalty = NotZero(request.FrequencyPenalty),
            PresencePenalty = NotZero(request.PresencePenalty),
        },
        "anthropic" => Anthropic(request),
        _ => OfParts(request, parts => parts.Where(Sealed).Select(WithoutRefusal).Select(WithoutFileName)) with
        {
            EndUser = null,
            ParallelToolCalls = null,
            Tools = [.. request.Tools.Select(tool => tool with { Strict = null })],
            Output = request.Output is null ? null : request.Output with { Name = null },
        },
    };

    public static ChatResponse Left(Dialect dialect, ChatResponse response) => dialect.Name switch
    {
        "openai-chat" => response with
        {
            Parts = [.. AsChatMessage(response.Parts)],
            Finish = OpenAIs(response),
            StopSequence = null,
        },
        "openai-responses" => response with
        {
            Parts = [.. response.Parts.Select(Unsigned)],
            Finish = OpenAIs(response),
            StopSequence = null,
        },
        "anthropic" => response with
        {
            Parts = [.. response.Parts.Select(WithoutRefusal).Select(Unsigned)],
            LogProbs = null,
            Finish = response.Finish is FinishReason.ContentFilter or FinishReason.Malformed
                ? FinishReason.Refusal
                : response.Finish,
        },
        _ => response with
        {
            Parts = [.. response.Parts.Select(WithoutRefusal)],
            Finish = response.Finish switch
            {
                FinishReason.StopSequence => FinishReason.Stop,
                FinishReason.Refusal or FinishReason.Pause => FinishReason.ContentFilter,
                var other => other,
            },
            StopSequence = null,
            Usage = response.Usage! with { CacheWriteTokens = null },
        },
    };

    public static string Text(ChatRequest request)
    {
        var normal = Turns.Normalised(OfParts(request, parts => parts.Where(HasContent).Select(Plain)));
        var reasoning = request.Reasoning;
        return ConversationText.Of(normal with
        {
            Tools = [.. request.Tools.Select(tool => tool with { Strict = tool.Strict == true ? true : null })],
            Output = request.Output is null ? null : request.Output with { Name = request.Output.Name ?? "response" },
            Reasoning = reasoning?.BudgetTokens is { } budget
                && ReasoningEffortExtensions.FromBudget(budget) is var effort && effort.ToBudget() == budget
                    ? new Reasoning(effort, null, reasoning.IncludeThoughts)
                    : reasoning,
        });
    }

    public static string Text(ChatResponse? response)
    {
        var turn = new ChatRequest
        {
            Model = "",
            Turns = [new Turn(Role.Assistant, [.. (response?.Parts ?? []).Where(HasContent).Where(IsNoSeal)])],
        };
        return ConversationText.Of(response is null ? null : response with
        {
            Parts = Turns.Normalised(turn).Turns[0].Parts,
            FinishDetail = null,
            Usage = response.Usage is { } usage
                ? usage with
                {
                    CachedInputTokens = usage.CachedInputTokens ?? 0,
                    CacheWriteTokens = usage.CacheWriteTokens ?? 0,
                    ReasoningTokens = usage.ReasoningTokens ?? 0,
                }
                : null,
        });
    }

    /// <summary>One of each, as a chat completion's message has them.</summary>
    public static IEnumerable<Part> AsChatMessage(IEnumerable<Part> parts)
    {
        var all = parts.ToList();
        if (string.Concat(all.OfType<ReasoningPart>().Select(part => part.Text)) is { Length: > 0 } thoughts)
        {
            yield return new ReasoningPart(thoughts);
        }

        foreach (var part in all.Where(part => part is not (ReasoningPart or ToolCallPart)))
        {
            yield return part;
        }

        foreach (var part in all.OfType<ToolCallPart>())
        {
            yield return part;
        }
    }

    private static ChatRequest Anthropic(ChatRequest request)
    {
        var single = request.ParallelToolCalls == false && request.Tools.Count > 0;
        var choice = request.ToolChoice ?? (single ? new ToolChoice(ToolChoiceMode.Auto) : null);
        var all = choice is { Allowed: { } allowed } && !(choice.Mode == ToolChoiceMode.Required && allowed.Count == 1)
            && request.Tools.All(tool => allowed.Contains(tool.Name));
        return OfParts(request, parts => parts.Where(part => part is not ReasoningPart { Signature: null })
            .Select(WithoutRefusal).Select(Unsigned)) with
        {
            ToolChoice = all ? choice! with { Allowed = null } : choice,
            ParallelToolCalls = single && choice?.Mode != ToolChoiceMode.None ? false : null,
            MaxTokens = request.MaxTokens ?? (request.Reasoning?.BudgetTokens ?? 0) + 4096,
            Output = request.Output is null ? null : request.Output with { Name = null },
            FrequencyPenalty = NotZero(request.FrequencyPenalty),
            PresencePenalty = NotZero(request.PresencePenalty),
        };
    }

    private static FinishReason OpenAIs(ChatResponse response) => response.Finish switch
    {
        FinishReason.StopSequence or FinishReason.Pause => FinishReason.Stop,
        FinishReason.Refusal when !response.Parts.Any(part => part is RefusalPart) => FinishReason.ContentFilter,
        var other => other,
    };

    private static ChatRequest OfParts(ChatRequest request, Func<IEnumerable<Part>, IEnumerable<Part>> change) =>
        request with
        {
            Turns = [.. request.Turns.Select(turn => turn with { Parts = [.. change(turn.Parts)] })
                .Where(turn => turn.Parts.Count > 0)],
        };

    private static Reasoning? AsEffort(Reasoning? reasoning) => reasoning?.BudgetTokens is { } budget
        ? new Reasoning(ReasoningEffortExtensions.FromBudget(budget), null, reasoning.IncludeThoughts)
        : reasoning;

    private static double? NotZero(double? value) => value == 0 ? null : value;

    private static bool Sealed(Part part) => part is not ReasoningPart thought
        || (thought is { Redacted: true, Signature: { } signature } && GeminiSignatures.CanBeOurs(signature));

    private static Part Unsigned(Part part) => part is ToolCallPart call ? call with { Signature = null } : part;

    private static Part WithoutRefusal(Part part) => part is RefusalPart refusal ? new TextPart(refusal.Text) : part;

    private static Part WithoutFileName(Part part) => part is MediaPart media ? media with { FileName = null } : part;

    private static bool HasContent(Part part) => part is not (TextPart { Text: "" } or RefusalPart { Text: "" }
        or ReasoningPart { Text: "", Signature: null });

    private static bool IsNoSeal(Part part) =>
        part is not ReasoningPart { Text: "", Signature: { } seal } || AnthropicCallSignature.Unwrap(seal) is null;

    private static Part Plain(Part part) => part switch
    {
        MediaPart { Url: not null, IsImage: true } image => image with { MediaType = null },
        MediaPart { Data: not null, IsImage: false, IsAudio: false } file => file with
        {
            FileName = file.FileName ?? "file",
        },
        ToolResultPart result => result with
        {
            Content = [.. result.Content.Where(HasContent).OrderBy(inner => inner is TextPart ? 0 : 1)],
        },
        _ => part,
    };
}
