using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Answers <c>/v1/chat/completions</c> as OpenAI and <c>/v1/messages</c> as Anthropic. A request with
/// <c>"stream":true</c> is answered as events, as its prompt asks (see <see cref="Pace"/>); every other one with the
/// same <see cref="AnswerBytes"/> bytes. The body is searched, not parsed: the upstream must not be what is measured.
/// </summary>
internal static class FixedAnswers
{
    /// <summary>Length of an unstreamed answer.</summary>
    private const int AnswerBytes = 852;

    /// <summary>Longest body taken; it is held in Kestrel's request buffer, whose limit is 1 MB.</summary>
    private const int MaxBodyBytes = 900 * 1024;

    private static readonly byte[] OpenAi = Padded(
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"gpt-bench\","
        + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
        + "\"usage\":{\"prompt_tokens\":16,\"completion_tokens\":80,\"total_tokens\":96}}");

    private static readonly byte[] Anthropic = Padded(
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-bench\","
        + "\"content\":[{\"type\":\"text\",\"text\":\"",
        "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
        + "\"usage\":{\"input_tokens\":16,\"output_tokens\":80}}");

    public static async Task AnswerAsync(HttpContext context)
    {
        var anthropic = context.Request.Path.Value switch
        {
            "/v1/chat/completions" => false,
            "/v1/messages" => true,
            _ => (bool?)null,
        };
        if (anthropic is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var reader = context.Request.BodyReader;
        var read = await reader.ReadAsync(context.RequestAborted);
        while (!read.IsCompleted && read.Buffer.Length <= MaxBodyBytes)
        {
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(context.RequestAborted);
        }

        var tooLong = !read.IsCompleted;
        var pace = tooLong ? null : Pace.Find(read.Buffer);
        reader.AdvanceTo(read.Buffer.End);
        if (tooLong)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        }
        else if (pace is { } asked)
        {
            await new EventAnswer(context, anthropic.Value).WriteAsync(asked, context.RequestAborted);
        }
        else
        {
            await WriteAsync(context.Response, anthropic.Value ? Anthropic : OpenAi, context.RequestAborted);
        }
    }

    private static async ValueTask<FlushResult> WriteAsync(
        HttpResponse response, byte[] answer, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        response.ContentLength = answer.Length;
        response.BodyWriter.Write(answer);
        return await response.BodyWriter.FlushAsync(cancellationToken);
    }

    private static byte[] Padded(string head, string tail)
    {
        var text = head + string.Concat(Enumerable.Repeat("All is well here. ", AnswerBytes));
        return Encoding.UTF8.GetBytes(text[..(AnswerBytes - tail.Length)] + tail);
    }
}
