using System.Buffers;
using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Dialects.OpenAIEmbeddings;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Fuzz.Targets;

/// <summary>Requests and answers of the embedding APIs of OpenAI and Gemini, each put to the other.</summary>
internal sealed class EmbeddingsTarget() : FuzzTarget("embeddings", InputFormat.Json)
{
    private static readonly string[] Samples =
    [
        """{"model":"m","input":"some text"}""",
        """{"model":"m","input":["a","b"],"dimensions":3,"encoding_format":"base64","user":"u"}""",
        """{"model":"m","input":[1,2,3]}""",
        """{"content":{"parts":[{"text":"a"},{"text":"b"}],"role":"user"},"outputDimensionality":3}""",
        """{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"t"}""",
        """{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}}]}""",
        """{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5,-1e-3]}]}""",
        """{"data":[{"index":1,"embedding":"AACAPwAAAEA="},{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":3}}""",
        """{"embedding":{"values":[0.25,1]}}""",
        """{"embeddings":[{"values":[0.25,1]},{"values":[]}]}""",
    ];

    public override IEnumerable<byte[]> Corpus() =>
        Samples.Select(Encoding.UTF8.GetBytes).Concat(Recordings.Answers("openai/embedding"));

    public override void Run(byte[] input)
    {
        Request(input, OpenAIEmbeddingsBody.ReadRequest);
        Request(input, GeminiEmbeddings.ReadEmbedRequest);
        Request(input, GeminiEmbeddings.ReadBatchRequest);
        Response(() => OpenAIEmbeddingsBody.ReadResponse(input));
        Response(() => GeminiEmbeddings.ReadResponse(input));
    }

    private static void Request(byte[] input, Func<ReadOnlyMemory<byte>, Envelope, EmbeddingsRequest> read)
    {
        EmbeddingsRequest request;
        try
        {
            var envelope = EnvelopeReader.Read(input, "some-model");
            EnvelopeReader.CheckText(input);
            request = read(input, envelope);
        }
        catch (GatewayException)
        {
            return;
        }

        Check(output => OpenAIEmbeddingsBody.WriteRequest(request, "m", output));
        if (request.Inputs.Count == 1)
        {
            Check(output => GeminiEmbeddings.WriteEmbedRequest(request, "m", output));
        }

        Check(output => GeminiEmbeddings.WriteBatchRequest(request, "m", output));
    }

    private static void Response(Func<EmbeddingsResponse> read)
    {
        EmbeddingsResponse response;
        try
        {
            response = read();
        }
        catch (Exception e) when (UnreadableAnswer.Is(e))
        {
            return;
        }

        var request = new EmbeddingsRequest("m", ["a"], null, Base64: response.Vectors.Count % 2 == 0);
        try
        {
            Check(output => OpenAIEmbeddingsBody.WriteResponse(response, request, "m", output));
            Check(output => GeminiEmbeddings.WriteBatchResponse(response, output));
        }
        catch (Exception e) when (UnreadableAnswer.Is(e))
        {
            // A number beyond a float's range is found when it is written.
        }
    }

    private static void Check(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        try
        {
            write(output);
        }
        catch (Exception e) when (e is UntranslatableException or GatewayException)
        {
            return;
        }

        Sound.Json(output.WrittenSpan, "what is written of embeddings");
    }
}
