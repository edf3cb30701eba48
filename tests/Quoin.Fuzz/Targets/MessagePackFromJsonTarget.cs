using System.Buffers;
using System.Text;
using Quoin.MessagePack;

namespace Quoin.Fuzz.Targets;

/// <summary>JSON to MessagePack: refused as documented, or one whole message that skips to its end.</summary>
internal sealed class MessagePackFromJsonTarget() : FuzzTarget("messagepack-from-json", InputFormat.Json)
{
    public override IEnumerable<byte[]> Corpus() => new[]
    {
        "{\"id\":1,\"name\":\"\\u00e4\\ud83d\\ude00\",\"list\":[0.5,-1,1e3,null,true,[],{}]}",
        "[18446744073709551615,-9223372036854775808,-0,{\"a\":{\"a\":{\"a\":[[[]]]}}}]",
    }.Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        var output = new ArrayBufferWriter<byte>();
        try
        {
            MessagePackJson.FromJson(input, output);
        }
        catch (MessagePackException)
        {
            return;
        }

        var reader = new MessagePackReader(output.WrittenSpan);
        FuzzFailure.Unless(reader.TrySkip() && reader.End, "the message is not one value");
    }
}
