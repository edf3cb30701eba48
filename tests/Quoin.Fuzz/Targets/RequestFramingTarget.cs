using System.Buffers;
using System.Text;
using Quoin.Http.Framing;

namespace Quoin.Fuzz.Targets;

/// <summary>What a client sends on an HTTP/1 connection: judged alike however it is cut.</summary>
internal sealed class RequestFramingTarget() : FuzzTarget("http1-request-framing", InputFormat.Text)
{
    private static readonly string[] Samples =
    [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPUT / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b; c=\"d\\\"\"\r\nhello\r\n0\r\nT: u\r\n\r\n"
            + "GET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nX: \u00e4\t\r\nTransfer-Encoding: Chunked\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n",
    ];

    public override IEnumerable<byte[]> Corpus() => Samples.Select(Encoding.Latin1.GetBytes);

    public override void Run(byte[] input)
    {
        var whole = Judge(input, Math.Max(1, input.Length));
        foreach (var piece in new[] { 1, 2, 7 })
        {
            FuzzFailure.Unless(Judge(input, piece) == whole, $"cut into pieces of {piece} it is judged otherwise");
        }
    }

    private static (long Judged, string? Fault) Judge(byte[] input, int piece)
    {
        var framing = new RequestFraming();
        var judged = 0L;
        for (var end = 0; end < input.Length && framing.Fault is null;)
        {
            end = Math.Min(end + piece, input.Length);
            judged += framing.Read(new ReadOnlySequence<byte>(input, (int)judged, end - (int)judged));
            FuzzFailure.Unless(judged <= end && framing.Begun <= judged, "more is judged than was there");
        }

        return (judged, framing.Fault);
    }
}
