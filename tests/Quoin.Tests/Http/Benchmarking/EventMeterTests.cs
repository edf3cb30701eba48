using System.Text;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Tests.Http.Benchmarking;

public sealed class EventMeterTests
{
    private readonly LatencyHistogram _gaps = new();
    private readonly EventMeter _meter;

    public EventMeterTests() => _meter = new(_gaps);

    [Fact]
    public void An_event_is_there_with_the_empty_line_behind_it_and_gaps_run_from_one_to_the_next()
    {
        Read("data: a\n", 10);
        Assert.Null(_meter.First);
        Read("\n", 20);
        Read("data: b\n\ndata: c\n\n", 120);
        Assert.Equal((3, 20L), (_meter.Events, _meter.First));
        Assert.Equal((2L, 100L, 0L), (_gaps.Count, _gaps.Max, _gaps.Percentile(50)));
        Assert.False(_meter.InsideEvent);
    }

    [Theory]
    [InlineData(": ping\n\n", 0)]
    [InlineData("event: x\nid: 1\n\n", 0)]
    [InlineData("event: x\ndata: 1\nid: 1\n\n", 1)]
    [InlineData("data\n\n", 1)]
    [InlineData("data:\n\n", 1)]
    [InlineData("database: 1\n\n", 0)]
    [InlineData("dat\n\n", 0)]
    [InlineData("data: 1\ndata: 2\n\n\n\n", 1)]
    [InlineData("data: 1\r\n\r\ndata: 2\r\n\r\n", 2)]
    [InlineData("data: 1\r\rdata: 2\r\r", 2)]
    [InlineData("data: 1\r\n\rdata: 2\n\n", 2)]
    public void Only_blocks_with_data_are_events_wherever_the_bytes_are_cut(string stream, int events)
    {
        for (var size = 1; size <= stream.Length; size++)
        {
            _meter.Reset();
            for (var at = 0; at < stream.Length; at += size)
            {
                Read(stream[at..Math.Min(stream.Length, at + size)], at);
            }

            Assert.Equal(events, _meter.Events);
            Assert.False(_meter.InsideEvent);
        }
    }

    [Theory]
    [InlineData("data: 1\n\ndata: 2")]
    [InlineData("data: 1\n\ndata: 2\n")]
    public void A_stream_that_ends_in_an_event_is_known_and_forgotten_with_the_next(string stream)
    {
        Read(stream, 1);
        Assert.True(_meter.InsideEvent);
        Assert.Equal(1, _meter.Events);
        _meter.Reset();
        Assert.False(_meter.InsideEvent);
        Read("data: 1\n\n", 500);
        Assert.Equal((1, 500L, 0L), (_meter.Events, _meter.First, _gaps.Count));
    }

    private void Read(string text, long now) => _meter.Read(Encoding.UTF8.GetBytes(text), now);
}
