using System.Buffers;
using Quoin.Fuzz.Conversations;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A client's request: refused by <see cref="GatewayException"/>, or read. What was read is written for every
/// dialect, as valid JSON, or refused by name.
/// </summary>
internal sealed class RequestTarget(Dialect dialect) : FuzzTarget("request-" + dialect.Name, InputFormat.Json)
{
    public override IEnumerable<byte[]> Corpus() => DialectSamples.Requests(dialect);

    public override void Run(byte[] input)
    {
        ChatRequest request;
        try
        {
            var envelope = EnvelopeReader.Read(input, "some-model");
            EnvelopeReader.CheckText(input);
            request = dialect.ReadRequest(input, envelope);
        }
        catch (GatewayException e)
        {
            FuzzFailure.Unless(e.Error.Status == 400, "a request is refused with another status than 400");
            return;
        }

        using (request.Backing)
        {
            foreach (var target in DialectSamples.ChatDialects)
            {
                Write(request, target);
            }
        }
    }

    private static void Write(ChatRequest request, Dialect target)
    {
        var output = new ArrayBufferWriter<byte>();
        try
        {
            target.WriteRequest(request, DialectSamples.TraitsOf(target, request.Stream), output);
        }
        catch (Exception e) when (e is UntranslatableException or GatewayException)
        {
            return;
        }

        Sound.Json(output.WrittenSpan, $"the request for {target.Name}");
    }
}
