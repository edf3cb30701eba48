using System.Buffers;
using Quoin.Quic.Http3;

namespace Quoin.Fuzz.Targets;

/// <summary>Header fields of HTTP/3: bounded, and what was read is read again from what is written of it.</summary>
internal sealed class QpackTarget() : FuzzTarget("qpack", InputFormat.Text)
{
    public override IEnumerable<byte[]> Corpus() =>
    [
        Convert.FromHexString("0000510b2f696e6465782e68746d6c"),
        Convert.FromHexString("0000d1d7508cf1e3c2e5f23a6ba0ab90f4ff"),
        [0, 0, 0x23, (byte)'x', (byte)'-', (byte)'a', 5, .. "value"u8],
        [0, 0, 0x5f, 0x1d, 3, .. "abc"u8, 0xff, 0x00],
    ];

    public override void Run(byte[] input)
    {
        if (Qpack.Read(input) is not { } fields)
        {
            return;
        }

        var size = fields.Sum(field => field.Name.Length + field.Value.Length);
        FuzzFailure.Unless(size <= Http3Limits.HeaderBytes, "too much was read");
        var written = new ArrayBufferWriter<byte>();
        Qpack.Write(written, fields);
        var again = Qpack.Read(written.WrittenSpan);
        FuzzFailure.Unless(again is not null && again.SequenceEqual(fields), "what is written is read otherwise");
    }
}
