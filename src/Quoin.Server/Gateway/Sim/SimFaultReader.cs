using System.Globalization;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Reads faults by name and parameters, both from a scenario file and from the <c>x-sim-fault</c> header. One table
/// says which parameters each kind has, one switch what each parameter may be.
/// </summary>
internal static class SimFaultReader
{
    private const int MaxEvents = 1_000_000;

    private static readonly Dictionary<string, (SimFaultKind Kind, string[] Parameters)> Kinds =
        new(StringComparer.Ordinal)
        {
            ["rate_limit"] = (SimFaultKind.RateLimit, ["retry_after", "message"]),
            ["error"] = (SimFaultKind.Error, ["status", "body", "content_type", "retry_after", "message"]),
            ["reset"] = (SimFaultKind.Reset, ["after"]),
            ["no_response"] = (SimFaultKind.NoResponse, []),
            ["slow_first_token"] = (SimFaultKind.SlowFirstToken, ["delay"]),
            ["cut"] = (SimFaultKind.Cut, ["after", "ending"]),
            ["stall"] = (SimFaultKind.Stall, ["after", "for"]),
            ["malformed_chunk"] = (SimFaultKind.MalformedChunk, ["at"]),
            ["missing_end"] = (SimFaultKind.MissingEnd, []),
            ["context_length"] = (SimFaultKind.ContextLength, ["message"]),
            ["content_filter"] = (SimFaultKind.ContentFilter, ["as", "after", "message"]),
            ["error_event"] = (SimFaultKind.ErrorEvent, ["after", "message"]),
            ["flapping"] = (SimFaultKind.Flapping, ["down", "up", "while", "status"]),
            ["no_prefill"] = (SimFaultKind.NoPrefill, ["message"]),
            ["wrong_content_type"] = (SimFaultKind.WrongContentType, ["content_type"]),
            ["truncated_body"] = (SimFaultKind.TruncatedBody, ["missing"]),
            ["huge_body"] = (SimFaultKind.HugeBody, ["size"]),
        };

    public static IEnumerable<string> Names => Kinds.Keys;

    public static SimFault? Find(string name) =>
        Kinds.TryGetValue(name, out var known)
            ? new SimFault(known.Kind) { Status = known.Kind == SimFaultKind.Flapping ? 503 : 500 }
            : null;

    /// <summary>Sets one parameter.</summary>
    /// <param name="refusal">What is accepted, when the answer is null.</param>
    public static SimFault? With(SimFault fault, string parameter, string value, out string refusal)
    {
        var name = Kinds.First(kind => kind.Value.Kind == fault.Kind).Key;
        if (!Kinds[name].Parameters.Contains(parameter, StringComparer.Ordinal))
        {
            var parameters = Kinds[name].Parameters;
            refusal = parameters.Length == 0
                ? $"{name} takes no parameters"
                : $"{name} takes {string.Join(", ", parameters)}";
            return null;
        }

        refusal = Accepted(parameter);
        return parameter switch
        {
            "after" => Integer(value, 0, MaxEvents) is { } n ? fault with { After = (int)n } : null,
            "at" => Integer(value, 1, MaxEvents) is { } n ? fault with { At = (int)n } : null,
            "status" => Integer(value, 400, 599) is { } n ? fault with { Status = (int)n } : null,
            "missing" => Integer(value, 1, 1 << 20) is { } n ? fault with { Missing = (int)n } : null,
            "size" => SimValues.Size(value, 1, 1 << 30) is { } n ? fault with { Size = n } : null,
            "retry_after" => SimValues.Duration(value) is { } d ? fault with { RetryAfter = d } : null,
            "delay" => SimValues.Duration(value) is { } d ? fault with { Delay = d } : null,
            "for" => SimValues.Duration(value) is { } d ? fault with { For = d } : null,
            "down" => SimValues.Duration(value) is { Ticks: > 0 } d ? fault with { Down = d } : null,
            "up" => SimValues.Duration(value) is { Ticks: > 0 } d ? fault with { Up = d } : null,
            "ending" => value is "close" or "reset"
                ? fault with { Ending = value == "reset" ? SimEnding.Reset : SimEnding.Complete }
                : null,
            "as" => value is "error" or "finish" ? fault with { AsFinish = value == "finish" } : null,
            "while" => Whiles(value) is { } kind ? fault with { While = kind } : null,
            "body" => fault with { Body = value },
            "message" => fault with { Message = value },
            _ => IsContentType(value) ? fault with { ContentType = value } : null,
        };
    }

    /// <summary>The header's form: <c>cut; after=3; ending=reset</c>.</summary>
    public static SimFault Parse(string header)
    {
        var parts = header.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var fault = Find(parts.Length > 0 ? parts[0] : "") ?? throw GatewayException.Invalid(
            "x-sim-fault", $"x-sim-fault: unknown fault; accepted: {string.Join(", ", Names)}");
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=');
            var (name, value) = equals < 0 ? (part, "") : (part[..equals].Trim(), part[(equals + 1)..].Trim());
            fault = With(fault, name, value, out var refusal)
                ?? throw GatewayException.Invalid("x-sim-fault", $"x-sim-fault: {name}: accepted: {refusal}");
        }

        return fault;
    }

    private static string Accepted(string parameter) => parameter switch
    {
        "after" => $"an integer from 0 to {MaxEvents}",
        "at" => $"an integer from 1 to {MaxEvents}",
        "status" => "an integer from 400 to 599",
        "missing" => $"an integer from 1 to {1 << 20}",
        "size" => "bytes from 1 to 1GB, such as 64MB",
        "ending" => "close, reset",
        "as" => "error, finish",
        "while" => "error, reset, no_response",
        "content_type" => "a media type, such as text/html",
        "down" or "up" => "a duration above 0s and up to 24h, such as 5s",
        _ => "a duration from 0s to 24h, such as 500ms or 30s",
    };

    private static SimFaultKind? Whiles(string value) => value switch
    {
        "error" => SimFaultKind.Error,
        "reset" => SimFaultKind.Reset,
        "no_response" => SimFaultKind.NoResponse,
        _ => null,
    };

    private static bool IsContentType(string value) =>
        System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(value, out _);

    private static long? Integer(string value, long least, long most) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most ? number : null;
}
