using System.Globalization;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Decides what the simulated model says, as chat events with one delta a token. First that fits: tool calls (see
/// <see cref="FindCalls"/>), JSON for an asked format, the rest of a prompt that begins with <c>echo:</c>, generated
/// sentences. The limits follow: stop sequences, then the token limit. Same seed and same conversation: same answer,
/// streamed or not.
/// </summary>
internal static class SimAnswer
{
    private const int ThoughtTokens = 8;
    private const int MaxParallelCalls = 16;
    private const string Echo = "echo:";

    public static List<ChatEvent> Plan(
        SimPrompt prompt, SimShape shape, int tokens, long createdUnixSeconds, int? filterAfter)
    {
        var random = new SimRandom(prompt.Hash);
        var id = prompt.Hash.ToString("x16", CultureInfo.InvariantCulture);
        var events = new List<ChatEvent>(tokens + 8)
        {
            new ResponseStarted(IdPrefix(shape) + id, prompt.Model, createdUnixSeconds),
        };
        var thoughts = AddThoughts(prompt, events, ref random);
        var block = thoughts > 0 && prompt.ShowThoughts ? 1 : 0;
        var calls = filterAfter is null ? FindCalls(prompt) : [];
        ResponseFinished finished;
        int output;
        if (calls.Count > 0)
        {
            output = AddCalls(calls, shape, id, block, events, ref random);
            finished = new ResponseFinished(FinishReason.ToolCalls);
        }
        else
        {
            var text = Text(prompt, tokens, ref random);
            finished = Limit(prompt, text, thoughts, filterAfter);
            AddText(prompt, text, block, events, ref random);
            output = text.Count;
        }

        events.Add(new UsageReported(new Usage
        {
            InputTokens = prompt.InputTokens,
            OutputTokens = output + thoughts,
            ReasoningTokens = prompt.Reasoning is null ? null : thoughts,
        }));
        events.Add(finished);
        return events;
    }

    private static List<string> Text(SimPrompt prompt, int tokens, ref SimRandom random)
    {
        if (prompt.Output is { } format)
        {
            return SimTokens.Split(SimSchema.Satisfy(format.Schema, random));
        }

        return prompt.UserTextStartsWith(Echo)
            ? SimTokens.Split(prompt.UserText()[Echo.Length..].TrimStart())
            : SimWords.Sentences(tokens, ref random);
    }

    private static int AddThoughts(SimPrompt prompt, List<ChatEvent> events, ref SimRandom random)
    {
        if (prompt.Reasoning is null)
        {
            return 0;
        }

        // Thoughts take part in the token limit, and leave at least half of it to the answer.
        var count = Math.Min(ThoughtTokens, (prompt.MaxTokens ?? int.MaxValue) / 2);
        var thoughts = SimWords.Sentences(count, ref random);
        if (count > 0 && prompt.ShowThoughts)
        {
            events.Add(new BlockStarted(0, BlockKind.Reasoning));
            events.AddRange(thoughts.Select(token => new BlockDelta(0, token)));
            var signature = Encoding.UTF8.GetBytes($"sim-thought-{prompt.Hash:x16}");
            events.Add(new BlockSigned(0, Convert.ToBase64String(signature)));
            events.Add(new BlockStopped(0));
        }

        return count;
    }

    /// <summary>
    /// Which tools are called. Required or named: that one, or the first. Auto: only when the last turn is a user's
    /// and says "call" or a tool's name. The tool named in the text comes before the first; "call all" calls all.
    /// </summary>
    private static List<Tool> FindCalls(SimPrompt prompt)
    {
        var mode = prompt.ToolChoice?.Mode ?? ToolChoiceMode.Auto;
        if (prompt.Tools.Count == 0 || mode == ToolChoiceMode.None)
        {
            return [];
        }

        var user = prompt.UserText();
        var allowed = prompt.ToolChoice?.Allowed is { } names
            ? prompt.Tools.FindAll(tool => names.Contains(tool.Name))
            : prompt.Tools;
        var asked = allowed.Find(tool => user.Contains(tool.Name, StringComparison.OrdinalIgnoreCase));
        if (mode == ToolChoiceMode.Auto)
        {
            var wanted = prompt.LastTurn == SimTurn.User
                && (asked is not null || user.Contains("call", StringComparison.OrdinalIgnoreCase));
            if (!wanted)
            {
                return [];
            }
        }

        if (prompt.ParallelToolCalls != false && user.Contains("call all", StringComparison.OrdinalIgnoreCase))
        {
            return [.. allowed.Take(MaxParallelCalls)];
        }

        return asked is not null ? [asked] : [.. allowed.Take(1)];
    }

    private static int AddCalls(
        List<Tool> calls, SimShape shape, string id, int block, List<ChatEvent> events, ref SimRandom random)
    {
        var tokens = 0;
        foreach (var tool in calls)
        {
            var callId = (shape == SimShape.Anthropic ? "toolu_" : "call_")
                + string.Create(CultureInfo.InvariantCulture, $"{id}{block}");
            events.Add(new BlockStarted(block, BlockKind.ToolCall, callId, tool.Name));
            var hasSchema = tool.Parameters.ValueKind == JsonValueKind.Object;
            var arguments = hasSchema ? SimSchema.Satisfy(tool.Parameters, new SimRandom(random.Next())) : "{}";
            foreach (var token in SimTokens.Split(arguments))
            {
                events.Add(new BlockDelta(block, token));
                tokens++;
            }

            events.Add(new BlockStopped(block++));
        }

        return tokens;
    }

    private static ResponseFinished Limit(SimPrompt prompt, List<string> text, int thoughts, int? filterAfter)
    {
        var finished = new ResponseFinished(FinishReason.Stop);
        if (FirstStop(prompt.Stop, text) is { } stop)
        {
            var kept = SimTokens.Split(string.Concat(text)[..stop.At]);
            text.Clear();
            text.AddRange(kept);
            finished = new ResponseFinished(FinishReason.StopSequence, stop.Sequence);
        }

        var most = Math.Max(1, (prompt.MaxTokens ?? int.MaxValue) - thoughts);
        if (text.Count > most)
        {
            text.RemoveRange(most, text.Count - most);
            finished = new ResponseFinished(FinishReason.Length);
        }

        if (filterAfter is { } after && after < text.Count)
        {
            text.RemoveRange(after, text.Count - after);
        }

        return filterAfter is null ? finished : new ResponseFinished(FinishReason.ContentFilter);
    }

    private static (int At, string Sequence)? FirstStop(List<string> stop, List<string> text)
    {
        if (stop.Count == 0)
        {
            return null;
        }

        var whole = string.Concat(text);
        (int At, string Sequence)? first = null;
        foreach (var sequence in stop.Where(sequence => sequence.Length > 0))
        {
            var at = whole.IndexOf(sequence, StringComparison.Ordinal);
            if (at >= 0 && (first is null || at < first.Value.At))
            {
                first = (at, sequence);
            }
        }

        return first;
    }

    private static void AddText(
        SimPrompt prompt, List<string> text, int block, List<ChatEvent> events, ref SimRandom random)
    {
        events.Add(new BlockStarted(block, BlockKind.Text));
        foreach (var token in text)
        {
            var logProbs = prompt.TopLogProbs is { } top ? LogProbs(token, top, ref random) : null;
            events.Add(new BlockDelta(block, token, logProbs));
        }

        events.Add(new BlockStopped(block));
    }

    private static TokenLogProb[] LogProbs(string token, int top, ref SimRandom random)
    {
        var best = Math.Round(-random.Fraction(), 4);
        var others = new List<TokenLogProb>();
        for (var i = 0; i < Math.Min(top, 20); i++)
        {
            var other = i == 0 ? token : " " + SimWords.Word(ref random);
            others.Add(new TokenLogProb(other, best - i, Encoding.UTF8.GetBytes(other)));
        }

        return [new TokenLogProb(token, best, Encoding.UTF8.GetBytes(token), others)];
    }

    private static string IdPrefix(SimShape shape) => shape switch
    {
        SimShape.OpenAIChat => "chatcmpl-",
        SimShape.OpenAICompletions => "cmpl-",
        SimShape.OpenAIResponses => "resp_",
        SimShape.Anthropic => "msg_",
        _ => "",
    };
}
