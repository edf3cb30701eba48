using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway;

/// <summary>
/// An estimate of a request's tokens for providers that count none: UTF-8 bytes by four, OpenAI's and Google's own
/// rule of thumb for English (and near the truth for others, whose characters are longer), four tokens a turn, and
/// for an image the 765 that OpenAI charges for one of 1024 × 1024 pixels.
/// </summary>
internal static class TokenEstimate
{
    private const int BytesPerToken = 4;
    private const int TokensPerTurn = 4;
    private const int TokensPerImage = 765;

    public static int Of(ChatRequest request)
    {
        var (bytes, tokens) = (0L, 0L);
        foreach (var turn in request.Turns)
        {
            tokens += TokensPerTurn;
            foreach (var part in turn.Parts)
            {
                Add(part, ref bytes, ref tokens);
            }
        }

        foreach (var tool in request.Tools)
        {
            bytes += Bytes(tool.Name) + Bytes(tool.Description);
            if (tool.Parameters.ValueKind != JsonValueKind.Undefined)
            {
                bytes += tool.Parameters.GetRawText().Length;
            }
        }

        return (int)Math.Min(int.MaxValue, tokens + ((bytes + BytesPerToken - 1) / BytesPerToken));
    }

    private static void Add(Part part, ref long bytes, ref long tokens)
    {
        switch (part)
        {
            case TextPart text:
                bytes += Bytes(text.Text);
                break;
            case RefusalPart refusal:
                bytes += Bytes(refusal.Text);
                break;
            case ReasoningPart thought:
                bytes += Bytes(thought.Text);
                break;
            case ToolCallPart call:
                bytes += Bytes(call.Name) + Bytes(call.Arguments);
                break;
            case MediaPart { IsImage: true }:
                tokens += TokensPerImage;
                break;
            case MediaPart media:
                bytes += media.Data?.Length ?? 0;
                break;
            case ToolResultPart result:
                foreach (var inner in result.Content)
                {
                    Add(inner, ref bytes, ref tokens);
                }

                break;
        }
    }

    private static int Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
