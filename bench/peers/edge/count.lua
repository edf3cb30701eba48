-- Prints the counts of a wrk run as the members of a JSON object.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON "requests":%d,"errors":%d,"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f\n',
    summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    (summary.requests - errors.status) * 1e6 / summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
