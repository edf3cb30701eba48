using Quoin.Http.WebSockets;

namespace Quoin.Tests.Http.WebSockets;

public sealed class PeerTimesTests
{
    private static readonly WebSocketOptions Options = new()
    {
        HeartbeatInterval = TimeSpan.FromSeconds(30),
        HeartbeatTimeout = TimeSpan.FromSeconds(10),
        WriteTimeout = TimeSpan.FromSeconds(20),
        CloseTimeout = TimeSpan.FromSeconds(5),
    };

    private readonly PeerTimes _times = new(Options);

    [Fact]
    public void Pings_come_at_the_interval_and_silence_after_one_is_death()
    {
        Expect(0, PeerVerdict.Fine, next: 30);
        Expect(30, PeerVerdict.PingDue, next: 10);
        _times.Heard();
        Expect(40, PeerVerdict.Fine, next: 20);
        Expect(60, PeerVerdict.PingDue, next: 10);
        Expect(69, PeerVerdict.Fine, next: 1);
        Expect(70, PeerVerdict.HeartbeatLost);
    }

    [Fact]
    public void A_timeout_longer_than_the_interval_waits_for_the_answer()
    {
        var times = new PeerTimes(Options with { HeartbeatTimeout = TimeSpan.FromSeconds(45) });
        Assert.Equal(PeerVerdict.PingDue, times.Judge(TimeSpan.FromSeconds(30)));
        Assert.Equal(PeerVerdict.Fine, times.Judge(TimeSpan.FromSeconds(60)));
        Assert.Equal(TimeSpan.FromSeconds(15), times.Next(TimeSpan.FromSeconds(60)));
        times.Heard();
        Assert.Equal(PeerVerdict.PingDue, times.Judge(TimeSpan.FromSeconds(61)));
        Assert.Equal(PeerVerdict.HeartbeatLost, times.Judge(TimeSpan.FromSeconds(106)));
    }

    [Fact]
    public void Nobody_dies_while_nothing_is_read_of_them()
    {
        Expect(30, PeerVerdict.PingDue);
        _times.Hold(true);
        Expect(70, PeerVerdict.Fine, next: 30);
        Expect(100, PeerVerdict.Fine, next: 30);
        _times.Hold(false);
        Expect(130, PeerVerdict.PingDue);
        Expect(140, PeerVerdict.HeartbeatLost);
    }

    [Fact]
    public void A_write_and_a_close_have_their_own_time()
    {
        _times.WriteBegan(TimeSpan.FromSeconds(1));
        Expect(2, PeerVerdict.Fine, next: 19);
        _times.WriteEnded();
        Expect(21, PeerVerdict.Fine, next: 9);
        _times.WriteBegan(TimeSpan.FromSeconds(22));
        _times.CloseBegan(TimeSpan.FromSeconds(38));
        Expect(41.5, PeerVerdict.Fine, next: 0.5);
        Expect(42, PeerVerdict.WriteStalled);
        _times.WriteEnded();
        _times.CloseBegan(TimeSpan.FromSeconds(42));
        Expect(42.5, PeerVerdict.Fine, next: 0.5);
        Expect(43, PeerVerdict.CloseOverdue);
    }

    private void Expect(double seconds, PeerVerdict verdict, double? next = null)
    {
        var now = TimeSpan.FromSeconds(seconds);
        Assert.Equal(verdict, _times.Judge(now));
        Assert.Equal(next ?? _times.Next(now).TotalSeconds, _times.Next(now).TotalSeconds);
    }
}
