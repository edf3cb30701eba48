using Microsoft.Extensions.Primitives;
using Quoin.Server.Telemetry;

namespace Quoin.Tests.Telemetry;

public sealed class TraceContextTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Valid = "00-" + Trace + "-b7ad6b7169203331-01";

    private readonly IdSource _ids = new(seed: 1, key: 2);

    [Theory]
    [InlineData(Valid)]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-00")]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-ff")]
    [InlineData("01-" + Trace + "-b7ad6b7169203331-01")]
    [InlineData("cc-" + Trace + "-b7ad6b7169203331-01-what-the-future-will-be-like")]
    [InlineData("01-" + Trace + "-b7ad6b7169203331-01-")]
    public void A_valid_traceparent_is_read(string text)
    {
        Assert.True(TraceContext.TryParse(text, out var context));
        Assert.Equal(Trace, context.TraceId);
        Assert.Equal(0xb7ad6b7169203331, context.Parent);
        Assert.Equal((Convert.ToInt32(text[53..55], 16) & 1) == 1, context.Sampled);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("ff-" + Trace + "-b7ad6b7169203331-01")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-" + Trace + "-0000000000000000-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-0g")]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-1")]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-01-")]
    [InlineData("00-" + Trace + "-b7ad6b7169203331-01-more")]
    [InlineData("01-" + Trace + "-b7ad6b7169203331-01.more")]
    [InlineData("00_" + Trace + "-b7ad6b7169203331-01")]
    [InlineData(" " + Valid)]
    [InlineData(Valid + " ")]
    [InlineData("0g-" + Trace + "-b7ad6b7169203331-01")]
    public void A_traceparent_that_breaks_the_rules_is_refused(string text)
    {
        Assert.False(TraceContext.TryParse(text, out _));
    }

    [Fact]
    public void A_child_keeps_the_trace_and_has_a_span_of_its_own()
    {
        var context = TraceContext.Read(Valid, "vendor=1", _ids);
        var child = context.Child(_ids);

        Assert.Equal(Trace, child.TraceId);
        Assert.NotEqual(context.Parent, child.Parent);
        Assert.Equal("vendor=1", child.State);
        Assert.Matches("^00-" + Trace + "-[0-9a-f]{16}-01$", child.ToHeader());
        Assert.True(TraceContext.TryParse(child.ToHeader(), out var read));
        Assert.Equal(child.Parent, read.Parent);
    }

    [Fact]
    public void Flags_that_are_not_known_are_not_passed_on()
    {
        Assert.EndsWith("-01", Read("00-" + Trace + "-b7ad6b7169203331-ff").ToHeader(), StringComparison.Ordinal);
        Assert.EndsWith("-00", Read("00-" + Trace + "-b7ad6b7169203331-fe").ToHeader(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_valid_traceparent_a_new_trace_begins_and_tracestate_is_ignored()
    {
        var first = TraceContext.Read(default, "vendor=1", _ids);
        var second = TraceContext.Read("nonsense", "vendor=1", _ids);
        var third = TraceContext.Read(new StringValues([Valid, Valid]), "vendor=1", _ids);

        Assert.Null(first.State);
        Assert.Null(second.State);
        Assert.Equal(4, new[] { first.TraceId, second.TraceId, third.TraceId, Trace }.Distinct().Count());
        Assert.True(TraceContext.TryParse(first.ToHeader(), out _));
    }

    [Fact]
    public void A_header_costs_its_string_only()
    {
        var context = Read(Valid);
        _ = context.Child(_ids).ToHeader();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var header = context.Child(_ids).ToHeader();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 22 + (2 * header.Length) + 8);
    }

    [Theory]
    [InlineData("a=1", "a=1")]
    [InlineData("a=1,b=2", "a=1,b=2")]
    [InlineData("a=1 , ,b=2\t", "a=1 , ,b=2\t")]
    [InlineData("tenant@system=x", "tenant@system=x")]
    [InlineData("1tenant@system=x", "1tenant@system=x")]
    [InlineData("a=with space", "a=with space")]
    [InlineData("", null)]
    [InlineData(",", null)]
    [InlineData("a", null)]
    [InlineData("a=", null)]
    [InlineData("A=1", null)]
    [InlineData("1a=1", null)]
    [InlineData("a=1,a=2", null)]
    [InlineData("a=b=c", null)]
    [InlineData("a=ü", null)]
    [InlineData("a@=1", null)]
    [InlineData("a@b@c=1", null)]
    [InlineData("a=\u0007", null)]
    public void Tracestate_is_passed_on_only_when_it_is_valid(string text, string? expected)
    {
        Assert.Equal(expected, TraceState.Read(text));
    }

    [Fact]
    public void Tracestates_of_several_headers_are_joined()
    {
        Assert.Equal("a=1,b=2", TraceState.Read(new StringValues(["a=1", "b=2"])));
    }

    [Fact]
    public void More_than_32_members_are_refused()
    {
        Assert.NotNull(TraceState.Read(string.Join(',', Enumerable.Range(0, 32).Select(i => $"k{i}=1"))));
        Assert.Null(TraceState.Read(string.Join(',', Enumerable.Range(0, 33).Select(i => $"k{i}=1"))));
    }

    [Fact]
    public void A_long_tracestate_loses_long_members_first_and_then_its_end()
    {
        var large = "large=" + new string('x', 200);
        var small = string.Join(',', Enumerable.Range(0, 20).Select(i => $"k{i}={new string('v', 20)}"));

        var kept = TraceState.Read("first=1," + large + "," + small)!;

        Assert.InRange(kept.Length, 450, TelemetryLimits.TraceStateChars);
        Assert.StartsWith("first=1,k0=", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("large", kept, StringComparison.Ordinal);
    }

    private TraceContext Read(string traceparent) => TraceContext.Read(traceparent, default, _ids);
}
