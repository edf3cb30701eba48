namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// <see cref="TokenBucket"/> inside of Redis, which runs a script as one step. Lua counts in doubles, exact to 2^53
/// only: what was taken is therefore kept as whole units and a part of a unit in microseconds of the period
/// (<c>taken = units × period + part</c>), and what drains is multiplied digit by digit. So the numbers are exactly
/// those of a <see cref="TokenBucket"/> with a clock of microseconds. The clock is that of Redis. A bucket that is not
/// there is full; its entry lives until it is. A clock that is set back stands still, for a period at most.
/// </summary>
internal static class SharedScripts
{
    /// <summary>Ticks of a second.</summary>
    public const long Frequency = 1_000_000;

    public const string Clock =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]

        """;

    /// <summary>
    /// For each of KEYS three of ARGV: count, seconds, cost. Takes all or none; gives the number of the bucket that
    /// refused (0: none) and units and part of each up to it.
    /// </summary>
    public const string TakeBody = Buckets +
        """
        local taken, answer = {}, {0}
        for i = 1, #KEYS do
          local bucket = read(i)
          local cost = tonumber(ARGV[i * 3])
          local after = bucket.units + cost
          if cost > 0 and (after > bucket.count or (after == bucket.count and bucket.part > 0)) then
            answer[1] = i
          else
            bucket.units = after
            taken[i] = bucket
          end
          answer[i * 2], answer[i * 2 + 1] = bucket.units, bucket.part
          if answer[1] > 0 then return answer end
        end
        for i = 1, #KEYS do write(taken[i]) end
        return answer
        """;

    /// <summary>
    /// For each of KEYS three of ARGV: count, seconds, units to take unasked (negative: to give back); then the periods
    /// that may be owed.
    /// </summary>
    public const string SettleBody = Buckets +
        """
        for i = 1, #KEYS do
          local bucket = read(i)
          local most = bucket.count * tonumber(ARGV[#KEYS * 3 + 1])
          bucket.units = bucket.units + tonumber(ARGV[i * 3])
          if bucket.units < 0 then bucket.units, bucket.part = 0, 0 end
          if bucket.units >= most then bucket.units, bucket.part = most, 0 end
          write(bucket)
        end
        return #KEYS
        """;

    public const string Take = Clock + TakeBody;

    public const string Settle = Clock + SettleBody;

    // The longest period has 8.64e10 microseconds, below 2^37, and a digit of a count is below 2^15: each step of the
    // long division stays below 2^53. The greatest count is 1e14 (a limit in money), and sixty periods of it that may
    // be owed are below 2^53 too. The remainder of fmod is exact, as % is not.
    private const string Buckets =
        """
        local function divide(a, b)
          local rest = math.fmod(a, b)
          return (a - rest) / b, rest
        end

        local function drain(bucket, elapsed)
          local periods, rest = divide(elapsed, bucket.period)
          local scale, left, units, part = 1, bucket.count, 0, 0
          while scale * 32768 <= left do scale = scale * 32768 end
          while scale >= 1 do
            local digit, more
            digit, left = divide(left, scale)
            more, part = divide(part * 32768 + rest * digit, bucket.period)
            units, scale = units * 32768 + more, scale / 32768
          end
          bucket.units = bucket.units - (periods * bucket.count + units)
          bucket.part = bucket.part - part
          if bucket.part < 0 then
            bucket.units, bucket.part = bucket.units - 1, bucket.part + bucket.period
          end
          if bucket.units < 0 then bucket.units, bucket.part = 0, 0 end
        end

        local function read(i)
          local bucket = {
            key = KEYS[i], count = tonumber(ARGV[i * 3 - 2]), period = ARGV[i * 3 - 1] * 1000000,
            units = 0, part = 0, at = now }
          local units, part, at = string.match(redis.call('GET', KEYS[i]) or '', '^(%d+) (%d+) (%d+)$')
          if units then
            bucket.units, bucket.part, bucket.at = tonumber(units), tonumber(part), tonumber(at)
            if now > bucket.at then
              drain(bucket, now - bucket.at)
              bucket.at = now
            elseif bucket.at - now > bucket.period then
              bucket.at = now
            end
          end
          return bucket
        end

        local function write(bucket)
          if bucket.units == 0 and bucket.part == 0 then
            redis.call('DEL', bucket.key)
            return
          end
          local full = (bucket.units * bucket.period + bucket.part) / bucket.count + bucket.at - now
          redis.call('SET', bucket.key, string.format('%.0f %.0f %.0f', bucket.units, bucket.part, bucket.at),
            'PX', string.format('%.0f', math.min(math.ceil(full / 1000) + 1, 1e12)))
        end

        """;
}
