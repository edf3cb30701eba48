using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Dialects.HapaxCompletions;

/// <summary>
/// Hapax's completions: <c>{"messages":[…]}</c> or <c>{"input":"…"}</c>, with an optional function_description that
/// becomes an instruction, is answered by <c>{"content":"…"}</c>. The model may be left out. A stream (Hapax had
/// none) is frames of <c>{"content":"…"}</c> and <c>[DONE]</c>.
/// </summary>
internal sealed class HapaxCompletionsDialect : ServerOnlyDialect
{
    /// <summary>Hapax's own bounds, in bytes.</summary>
    private const int InputBytes = 512 * 1024;

    private const int FunctionDescriptionBytes = 5 * 1024;

    public override string Name => "hapax-completions";

    public override string FieldName(ChatField field) => field == ChatField.Turns ? "messages" : base.FieldName(field);

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        var turns = new List<Turn>();
        int? maxTokens = null;
        double? temperature = null;
        foreach (var property in JsonFields.Once(document.RootElement))
        {
            var value = property.Value;
            switch (property.Name)
            {
                case "model" or "stream":
                    break;
                case "messages" when value.ValueKind != JsonValueKind.Null:
                    turns.AddRange(OpenAIChatMessageReader.Read(value));
                    break;
                case "input" when value.ValueKind != JsonValueKind.Null:
                    turns.Add(TextTurn(Role.User, "input", Bounded(value, "input", InputBytes)));
                    break;
                case "function_description" when value.ValueKind != JsonValueKind.Null:
                    turns.Insert(0, TextTurn(
                        Role.System,
                        "function_description",
                        Bounded(value, "function_description", FunctionDescriptionBytes)));
                    break;
                case "messages" or "input" or "function_description":
                    break;
                case "max_tokens":
                    maxTokens = JsonFields.IntegerOrNull(value, "max_tokens", 1);
                    break;
                case "temperature":
                    temperature = JsonFields.NumberOrNull(value, "temperature", 0, 2);
                    break;
                default:
                    throw JsonFields.Unknown(property.Name);
            }
        }

        if (!turns.Exists(turn => turn.Role != Role.System))
        {
            throw GatewayException.Invalid("messages", "messages or input is needed", "missing_required_parameter");
        }

        return new ChatRequest
        {
            Model = envelope.Model,
            Stream = envelope.Stream,
            Turns = turns,
            MaxTokens = maxTokens,
            Temperature = temperature,
            Backing = document,
        };
    }

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, response, static (w, r) => WriteContent(
            w, string.Concat(r.Parts.OfType<TextPart>().Select(part => part.Text))));

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new StreamWriter();

    private static void WriteContent(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("content"u8, text);
        writer.WriteEndObject();
    }

    private static Turn TextTurn(Role role, string path, string text) =>
        new(role, [new TextPart(text) { Path = path }], path);

    private static string Bounded(JsonElement value, string path, int bytes)
    {
        var text = JsonFields.String(value, path);
        return Encoding.UTF8.GetByteCount(text) <= bytes
            ? text
            : throw JsonFields.Unsupported(path, $"must have at most {bytes} bytes");
    }

    private sealed class StreamWriter : ChatStreamWriter
    {
        private readonly HashSet<int> _text = [];

        public override void Write(ChatEvent e, IBufferWriter<byte> output)
        {
            if (e is BlockStarted { Kind: BlockKind.Text } block)
            {
                _text.Add(block.Index);
            }
            else if (e is BlockDelta { Text.Length: > 0 } delta && _text.Contains(delta.Index))
            {
                JsonOutput.WriteEvent(output, default, delta.Text, static (w, text) => WriteContent(w, text));
            }
        }

        public override void End(IBufferWriter<byte> output) => output.Write("data: [DONE]\n\n"u8);
    }
}
