using System.Globalization;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Reads GenerateContentResponses, be it the chunks of a stream or one whole answer. Texts in a row are one block,
/// thoughts in a row another, up to a signature; each call is a block, whose arguments may come in pieces
/// (<see cref="GeminiPartialArguments"/>). A signature on a text is a redacted reasoning block after it. Gemini has
/// no end marker, and usage or more text may follow a finish reason, so the answer ends when the upstream closes.
/// Parts of tools that Google ran (code, its results) and grounding are skipped.
/// </summary>
internal sealed class GeminiStreamReader : ChatStreamReader
{
    private bool _started;
    private int _next;
    private int _calls;
    private string? _responseId;
    private (int Index, BlockKind Kind)? _open;         // the text or reasoning block that goes on
    private (int Index, GeminiPartialArguments Arguments)? _openCall;
    private string? _reason;
    private string? _message;
    private ResponseFinished? _blocked;
    private bool _failed;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        using var document = JsonDocument.Parse(data, JsonFields.DocumentOptions);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("a chunk of a Gemini stream is not an object");
        }

        if (root.TryGetProperty("error"u8, out var error) && error.ValueKind == JsonValueKind.Object)
        {
            _failed = true;
            events.Add(new ResponseFailed(UpstreamFault.InStream(GeminiErrors.ReadStatus(error))));
            return;
        }

        var before = events.Count;
        try
        {
            ReadChunk(root, data, events);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a chunk of a Gemini stream has a field of another type", e);
        }

        if (events.Count == before)
        {
            events.Add(KeepAlive.Instance);
        }
    }

    public override bool Complete(List<ChatEvent> events)
    {
        var finished = _blocked
            ?? (_reason is null ? null : GeminiFinish.Read(_reason, _message, calls: _calls > 0, content: _next > 0));
        if (_failed || finished is null)
        {
            return false;
        }

        CloseCall(events);
        Close(events);
        events.Add(finished);
        return true;
    }

    private void ReadChunk(JsonElement root, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        _responseId ??= Text(root, "responseId"u8);
        if (!_started)
        {
            _started = true;
            events.Add(new ResponseStarted(_responseId, Text(root, "modelVersion"u8), Created(root)));
        }

        if (root.TryGetProperty("promptFeedback"u8, out var feedback)
            && feedback.ValueKind == JsonValueKind.Object && Text(feedback, "blockReason"u8) is { } reason)
        {
            _blocked = GeminiFinish.ReadBlocked(reason, Text(feedback, "blockReasonMessage"u8));
        }

        if (root.TryGetProperty("candidates"u8, out var candidates) && candidates.ValueKind == JsonValueKind.Array)
        {
            foreach (var candidate in candidates.EnumerateArray())
            {
                // Only one candidate is ever asked for.
                if (!candidate.TryGetProperty("index"u8, out var index) || index.GetInt32() == 0)
                {
                    ReadCandidate(candidate, data, events);
                }
            }
        }

        if (root.TryGetProperty("usageMetadata"u8, out var metadata) && GeminiUsage.Read(metadata) is { } usage)
        {
            events.Add(new UsageReported(usage));
        }
    }

    private void ReadCandidate(JsonElement candidate, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        var logProbs = candidate.TryGetProperty("logprobsResult"u8, out var result)
            ? GeminiLogProbs.Read(result)
            : null;
        if (candidate.TryGetProperty("content"u8, out var content) && content.ValueKind == JsonValueKind.Object
            && content.TryGetProperty("parts"u8, out var parts) && parts.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in parts.EnumerateArray())
            {
                if (part.TryGetProperty("functionCall"u8, out var call) && call.ValueKind == JsonValueKind.Object)
                {
                    ReadCall(call, Text(part, "thoughtSignature"u8), data, events);
                }
                else if (part.TryGetProperty("text"u8, out var text) && text.ValueKind == JsonValueKind.String)
                {
                    logProbs = ReadText(part, text.GetString()!, logProbs, events);
                }
            }
        }

        if (logProbs is not null && _open is { Kind: BlockKind.Text } block)
        {
            events.Add(new BlockDelta(block.Index, "", logProbs));
        }

        if (Text(candidate, "finishReason"u8) is { } reason)
        {
            (_reason, _message) = (reason, Text(candidate, "finishMessage"u8));
        }
    }

    /// <summary>Returns the log-probabilities that no text has taken yet: thoughts take none.</summary>
    private List<TokenLogProb>? ReadText(
        JsonElement part, string text, List<TokenLogProb>? logProbs, List<ChatEvent> events)
    {
        var thought = part.TryGetProperty("thought"u8, out var flag) && flag.ValueKind == JsonValueKind.True;
        var signature = Text(part, "thoughtSignature"u8);
        var kind = thought ? BlockKind.Reasoning : BlockKind.Text;
        if (text.Length > 0 || (!thought && logProbs is not null && string.IsNullOrEmpty(signature)))
        {
            var index = Open(kind, events);
            events.Add(new BlockDelta(index, text, thought ? null : logProbs));
            logProbs = thought ? logProbs : null;
        }

        if (string.IsNullOrEmpty(signature))
        {
            return logProbs;
        }

        if (!thought)
        {
            // A sealed thought of its own, so that what follows is a new text.
            Close(events);
        }

        var sealedAt = Open(BlockKind.Reasoning, events);
        events.Add(new BlockSigned(sealedAt, signature, Redacted: !thought));
        Close(events);
        return logProbs;
    }

    private void ReadCall(JsonElement call, string? signature, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        if (Text(call, "name"u8) is { Length: > 0 } name)
        {
            CloseCall(events);
            Close(events);
            var id = Text(call, "id"u8);
            if (string.IsNullOrEmpty(id))
            {
                id = _responseId is null
                    ? GeminiCallIds.InAnswer(data.Span, _calls)
                    : GeminiCallIds.InAnswer(_responseId, _calls);
            }

            _calls++;
            _openCall = (_next++, new GeminiPartialArguments());
            events.Add(new BlockStarted(_openCall.Value.Index, BlockKind.ToolCall, id, name));
        }
        else if (_openCall is null)
        {
            // The bare end of a call that has ended already.
            return;
        }

        var (index, arguments) = _openCall.Value;
        if (call.TryGetProperty("args"u8, out var args) && args.ValueKind == JsonValueKind.Object)
        {
            arguments.AddWhole(args);
        }

        if (call.TryGetProperty("partialArgs"u8, out var pieces) && pieces.ValueKind == JsonValueKind.Array)
        {
            foreach (var piece in pieces.EnumerateArray())
            {
                arguments.Add(piece);
            }
        }

        AddArguments(index, arguments.Take(), events);
        if (!string.IsNullOrEmpty(signature))
        {
            events.Add(new BlockSigned(index, signature));
        }

        if (!(call.TryGetProperty("willContinue"u8, out var more) && more.ValueKind == JsonValueKind.True))
        {
            CloseCall(events);
        }
    }

    private void CloseCall(List<ChatEvent> events)
    {
        if (_openCall is not { } call)
        {
            return;
        }

        _openCall = null;
        AddArguments(call.Index, call.Arguments.End(), events);
        events.Add(new BlockStopped(call.Index));
    }

    private static void AddArguments(int index, string text, List<ChatEvent> events)
    {
        if (text.Length > 0)
        {
            events.Add(new BlockDelta(index, text));
        }
    }

    private int Open(BlockKind kind, List<ChatEvent> events)
    {
        if (_open is { } open && open.Kind == kind)
        {
            return open.Index;
        }

        Close(events);
        _open = (_next, kind);
        events.Add(new BlockStarted(_next, kind));
        return _next++;
    }

    private void Close(List<ChatEvent> events)
    {
        if (_open is { } open)
        {
            events.Add(new BlockStopped(open.Index));
            _open = null;
        }
    }

    private static long? Created(JsonElement root) =>
        DateTimeOffset.TryParse(
            Text(root, "createTime"u8), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeSeconds()
            : null;

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
