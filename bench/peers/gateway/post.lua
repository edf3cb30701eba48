-- POST of the file BODY with the headers in HEADERS ("Name: value", one a line); prints its counts as one JSON object.
-- An answer whose status is an error is an error, and no part of the rate.
local file = assert(io.open(os.getenv("BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
for name, value in string.gmatch(os.getenv("HEADERS") or "", "([^:\n]+): ([^\n]+)") do
  wrk.headers[name] = value
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"requests":%d,"errors":%d,"rps":%.1f,"mean_us":%.1f,"p50_us":%.1f,"p99_us":%.1f}\n',
    summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    (summary.requests - errors.status) * 1e6 / summary.duration,
    latency.mean, latency:percentile(50), latency:percentile(99)))
end
