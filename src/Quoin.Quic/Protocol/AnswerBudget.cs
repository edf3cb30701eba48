namespace Quoin.Quic.Protocol;

/// <summary>
/// A token bucket: how many answers may go to senders whose address nobody has proved, so that a flood of forged
/// packets does not become a flood of ours. It fills within a second. For one thread.
/// </summary>
internal sealed class AnswerBudget(int perSecond, ulong now)
{
    private const double NanosecondsPerSecond = 1e9;

    private double _left = perSecond;
    private ulong _filled = now;

    public bool TryTake(ulong now)
    {
        _left = Math.Min(perSecond, _left + (perSecond * ((now - _filled) / NanosecondsPerSecond)));
        _filled = now;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
