namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// Finds how many calls the providers take before they queue, by their latency (a gradient, as TCP Vegas has it):
/// 1. Latencies are told as multiples of their baseline and averaged over a round of about as many calls as run.
/// 2. The limit is multiplied by tolerance / average (at most 1, at least 1/2) and the square root of itself is
///    added, as room to grow; it goes half of the way there. Below the knee it rises, above it falls.
/// 3. It changes only when it was used: an idle gateway learns nothing.
/// 4. A provider's 429, 503 or timeout multiplies it by 0.7, once for all calls begun before.
/// 5. Every so many rounds it is halved for two: else, where calls always queue, queueing would become the baseline.
/// Times are arguments. One caller at a time.
/// </summary>
internal sealed class ConcurrencyController
{
    /// <summary>A rise by half is not yet queueing: answers differ by as much of themselves.</summary>
    private const double Tolerance = 1.5;

    private const double Backoff = 0.7;
    private const double Smoothing = 0.5;
    private const double UsedPart = 0.8;
    private const int RoundSamples = 20;
    private const int RoundsBetweenProbes = 40;
    private const int ProbeRounds = 2;

    private readonly LatencyBaselines _baselines = new();
    private double _limit = AdmissionLimits.FirstConcurrency;
    private double _sum;
    private int _samples;
    private int _peak;
    private int _rounds;
    private int _probeRoundsLeft;
    private long _lastBackoff = long.MinValue;

    public int Limit => Math.Max(
        (int)(_probeRoundsLeft > 0 ? _limit / 2 : _limit), AdmissionLimits.LeastConcurrency);

    /// <param name="latency">In any unit; 0 when not known.</param>
    /// <param name="inUse">Calls under way, this one included.</param>
    public void Answered(LatencySeries series, double latency, int inUse)
    {
        if (latency <= 0)
        {
            return;
        }

        _sum += _baselines.Ratio(series, latency);
        _samples++;
        _peak = Math.Max(_peak, inUse);
        if (_samples >= Math.Max(RoundSamples, Limit))
        {
            EndRound();
        }
    }

    /// <summary>A provider said that it is too much, or did not answer in time.</summary>
    /// <param name="started">Timestamp at which the call took its slot.</param>
    public void PushedBack(long started, long now)
    {
        if (started < _lastBackoff)
        {
            return;
        }

        _limit = Math.Max(_limit * Backoff, AdmissionLimits.LeastConcurrency);
        _lastBackoff = now;
        BeginRound();
    }

    private void EndRound()
    {
        var (average, used) = (_sum / _samples, _peak >= UsedPart * Limit);
        BeginRound();
        if (_probeRoundsLeft > 0)
        {
            _probeRoundsLeft--;
            return;
        }

        if (!used)
        {
            return;
        }

        var gradient = Math.Clamp(Tolerance / average, 0.5, 1);
        var wanted = (_limit * gradient) + Math.Sqrt(_limit);
        _limit = Math.Clamp(
            _limit + (Smoothing * (wanted - _limit)),
            AdmissionLimits.LeastConcurrency, AdmissionLimits.MostConcurrency);
        if (++_rounds % RoundsBetweenProbes == 0)
        {
            _probeRoundsLeft = ProbeRounds;
            _baselines.NextGeneration();
        }
    }

    private void BeginRound() => (_sum, _samples, _peak) = (0, 0, 0);
}
