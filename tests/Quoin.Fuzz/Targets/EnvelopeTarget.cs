using System.Text.Json;
using Quoin.Fuzz.Conversations;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// The envelope: it accepts nothing that a plain parse refuses, and the place that it gives for the model is the
/// model's, so that another can be put there.
/// </summary>
internal sealed class EnvelopeTarget() : FuzzTarget("envelope", InputFormat.Json)
{
    public override IEnumerable<byte[]> Corpus() => DialectSamples.ClientDialects.SelectMany(DialectSamples.Requests);

    public override void Run(byte[] input)
    {
        Envelope envelope;
        try
        {
            envelope = EnvelopeReader.Read(input, "default");
        }
        catch (GatewayException e)
        {
            FuzzFailure.Unless(e.Error.Status == 400, "a body is refused with another status than 400");
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(input, JsonFields.DocumentOptions);
        }
        catch (JsonException)
        {
            throw new FuzzFailure("the envelope accepts what is no JSON");
        }

        if (envelope.ModelStart >= 0)
        {
            byte[] spliced =
            [
                .. input[..envelope.ModelStart], .. "\"other\""u8,
                .. input[(envelope.ModelStart + envelope.ModelLength)..],
            ];
            FuzzFailure.Unless(
                EnvelopeReader.Read(spliced) is { Model: "other" } again && again.Stream == envelope.Stream,
                "the model cannot be exchanged in its place");
        }
    }
}
