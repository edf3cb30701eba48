using System.Text;
using Quoin.Server.Telemetry;

namespace Quoin.Fuzz.Targets;

/// <summary>traceparent and tracestate, a line each: read or replaced, and what goes on is well formed.</summary>
internal sealed class TraceParentTarget() : FuzzTarget("traceparent", InputFormat.Text)
{
    private static readonly string[] Samples =
    [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nrojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more\na=1, b=2 ,c@d=3",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01\n",
    ];

    public override IEnumerable<byte[]> Corpus() => Samples.Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        var lines = Encoding.Latin1.GetString(input).Split('\n');
        var context = TraceContext.Read(lines[0], lines[1..], new IdSource(1, 2));
        var header = context.Child(new IdSource(3, 4)).ToHeader();
        FuzzFailure.Unless(
            TraceContext.TryParse(header, out var again) && again.TraceId == context.TraceId,
            "the header that goes on is not of the same trace");
        FuzzFailure.Unless(
            context.State is not { } state
                || (state.Length <= 512 && !state.Replace('\t', ' ').AsSpan().ContainsAnyExceptInRange(' ', '~')),
            "the tracestate that goes on is not fit for a header");
    }
}
