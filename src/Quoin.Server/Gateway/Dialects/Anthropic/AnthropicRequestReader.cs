using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads a request of /v1/messages or of /v1/messages/count_tokens that is to be translated. Messages are read by
/// <see cref="AnthropicContentReader"/>.
/// </summary>
internal static class AnthropicRequestReader
{
    /// <param name="counting">
    /// The body of count_tokens: the same without limits, sampling and streaming, which are refused there.
    /// </param>
    public static ChatRequest Read(ReadOnlyMemory<byte> body, bool counting)
    {
        var document = JsonDocument.Parse(body);
        try
        {
            var request = Read(document, counting);
            return request;
        }
        catch (InvalidOperationException)
        {
            // Valid JSON may still hold half a surrogate pair as an escape, which no string can.
            document.Dispose();
            throw GatewayException.Invalid(null, "the body holds a string that is not valid Unicode", "invalid_json");
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    private static ChatRequest Read(JsonDocument document, bool counting)
    {
        var root = JsonFields.Object(document.RootElement, "body");
        var request = new ChatRequest { Model = "", Turns = [], Backing = document };
        var thinking = new AnthropicThinkingReader();
        var system = new List<Turn>();
        IReadOnlyList<Turn>? messages = null;
        foreach (var field in AnthropicFields.Of(root, ""))
        {
            var value = field.Value;
            switch (field.Name)
            {
                case "model":
                    request = request with { Model = JsonFields.String(value, "model") };
                    break;
                case "system":
                    AnthropicContentReader.ReadSystem(value, system);
                    break;
                case "messages":
                    messages = AnthropicContentReader.ReadMessages(value);
                    break;
                case "tools":
                    request = request with { Tools = AnthropicToolReader.ReadTools(value) };
                    break;
                case "tool_choice":
                    request = AnthropicToolReader.ReadChoice(value, request);
                    break;
                case "thinking":
                    thinking.ReadThinking(value);
                    break;
                case "output_config":
                    request = ReadOutputConfig(value, request, thinking);
                    break;
                case "output_format":
                    request = request with { Output = ReadFormat(value, "output_format", request.Output) };
                    break;

                // Hints. They change what an answer costs, where it is logged or how fast it comes, not what it is.
                case "cache_control":
                case "service_tier":
                    break;
                default:
                    request = counting ? throw JsonFields.Unknown(field.Name) : ReadGeneration(field, request);
                    break;
            }
        }

        return Checked(request, counting) with
        {
            Turns = [.. system, .. messages ?? throw JsonFields.Missing("messages")],
            Reasoning = thinking.Result(),
        };
    }

    private static ChatRequest ReadGeneration(JsonProperty field, ChatRequest request)
    {
        var value = field.Value;
        return field.Name switch
        {
            "max_tokens" => request with { MaxTokens = JsonFields.IntegerOrNull(value, "max_tokens", 1) },
            "stop_sequences" => request with { Stop = ReadStop(value) },
            "temperature" => request with { Temperature = JsonFields.NumberOrNull(value, "temperature", 0, 1) },
            "top_p" => request with { TopP = JsonFields.NumberOrNull(value, "top_p", 0, 1) },
            "top_k" => request with { TopK = JsonFields.IntegerOrNull(value, "top_k", 0) },
            "stream" => request with { Stream = JsonFields.BooleanOrNull(value, "stream") ?? false },
            "metadata" => request with { EndUser = ReadMetadata(value) },
            _ => throw JsonFields.Unknown(field.Name),
        };
    }

    private static ChatRequest Checked(ChatRequest request, bool counting)
    {
        if (request.Model.Length == 0)
        {
            throw JsonFields.Missing("model");
        }

        return counting || request.MaxTokens is not null ? request : throw JsonFields.Missing("max_tokens");
    }

    private static IReadOnlyList<string> ReadStop(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? [] : JsonFields.Strings(value, "stop_sequences");

    private static string? ReadMetadata(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        string? user = null;
        foreach (var field in AnthropicFields.Of(value, "metadata"))
        {
            user = field.Name == "user_id"
                ? JsonFields.StringOrNull(field.Value, "metadata.user_id")
                : throw JsonFields.Unknown("metadata." + field.Name);
        }

        return user;
    }

    private static ChatRequest ReadOutputConfig(
        JsonElement value, ChatRequest request, AnthropicThinkingReader thinking)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return request;
        }

        foreach (var field in AnthropicFields.Of(value, "output_config"))
        {
            switch (field.Name)
            {
                case "effort":
                    thinking.ReadEffort(field.Value);
                    break;
                case "format":
                    request = request with
                    {
                        Output = ReadFormat(field.Value, "output_config.format", request.Output),
                    };
                    break;
                default:
                    throw JsonFields.Unknown("output_config." + field.Name);
            }
        }

        return request;
    }

    private static OutputFormat? ReadFormat(JsonElement value, string path, OutputFormat? earlier)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return earlier;
        }

        if (earlier is not null)
        {
            throw JsonFields.Unsupported(path, "is given twice: once as output_format, once within output_config");
        }

        JsonElement schema = default;
        string? type = null;
        foreach (var field in AnthropicFields.Of(value, path))
        {
            switch (field.Name)
            {
                case "type":
                    type = JsonFields.String(field.Value, path + ".type");
                    break;
                case "schema":
                    schema = JsonFields.Object(field.Value, path + ".schema");
                    break;
                default:
                    throw JsonFields.Unknown($"{path}.{field.Name}");
            }
        }

        if (type != "json_schema")
        {
            throw type is null
                ? JsonFields.Missing(path + ".type")
                : JsonFields.Unsupported(path + ".type", "must be json_schema");
        }

        return schema.ValueKind == JsonValueKind.Undefined
            ? throw JsonFields.Missing(path + ".schema")
            : new OutputFormat(schema);
    }
}
