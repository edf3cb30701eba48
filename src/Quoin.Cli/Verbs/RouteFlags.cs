using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Quoin.Http.Benchmarking;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Cli.Verbs;

/// <summary>
/// The options of <c>quoin benchmark route</c> as the command line spells them; all are text, and judged here or by
/// the benchmark itself.
/// </summary>
internal sealed class RouteFlags
{
    private readonly List<Option> _all = [];
    private readonly Option<string> _method;
    private readonly Option<string> _requests;
    private readonly Option<string> _duration;
    private readonly Option<string> _concurrency;
    private readonly Option<string> _rate;
    private readonly Option<string> _arrivals;
    private readonly Option<string> _seed;
    private readonly Option<string> _maxWaiting;
    private readonly Option<string> _http;
    private readonly Option<string> _connections;
    private readonly Option<string[]> _header;
    private readonly Option<string> _body;
    private readonly Option<string> _messageBytes;
    private readonly Option<string> _timeout;
    private readonly Option<bool> _webSocket;
    private readonly Option<bool> _events;
    private readonly Option<bool> _newConnections;
    private readonly Option<bool> _insecure;

    public RouteFlags(Command command)
    {
        _method = Text("--method", "NAME", "HTTP method; default GET, with --body POST");
        _requests = Text("--requests", "N", "End after so many");
        _duration = Text("--duration", "TIME", "Start none after it; default 10s without --requests");
        _concurrency = Text("--concurrency", "N", "Connections (HTTP/2: streams) at a time; default 10");
        _rate = Text("--rate", "N", "Requests a second, whatever the answers do");
        _arrivals = Text("--arrivals", "KIND", "constant or poisson; default constant");
        _seed = Text("--seed", "N", "Of poisson arrivals; default 1");
        _maxWaiting = Text("--max-waiting", "N", "With --rate: how many may wait for a connection; default 10000");
        _http = Text("--http", "VERSION", "1.1, 2 or 3; default 1.1");
        _connections = Text("--connections", "N", "Connections of HTTP/2; default one for 32 streams");
        _body = Text("--body", "TEXT", "Body of the request, or the message; @FILE reads it from a file");
        _messageBytes = Text("--message-bytes", "N", "Size of a WebSocket message without --body; default 32");
        _timeout = Text("--timeout", "TIME", "Give a request up after it; default 10s");
        _header = Add(new Option<string[]>("--header")
        {
            Description = "Name: value; may be repeated",
            HelpName = "LINE",
        });
        _webSocket = Flag("--ws", "Messages over WebSockets, each waiting for one that comes back");
        _events = Flag("--sse", "Ask for event streams; any other answer is an error");
        _newConnections = Flag("--new-connections", "Each request over a connection of its own");
        _insecure = Flag("--insecure", "Take any certificate");
        _all.ForEach(command.Options.Add);
    }

    public BenchmarkOptions Read(ParseResult parsed, CommandContext context, List<BenchmarkFault> faults)
    {
        var body = ReadBody(parsed.GetValue(_body), context, faults);
        var isMessage = parsed.GetValue(_webSocket);
        var defaults = new BenchmarkOptions();
        return new()
        {
            Method = parsed.GetValue(_method) ?? (body.Length > 0 && !isMessage ? "POST" : "GET"),
            Requests = Number(parsed, _requests, faults),
            Duration = Time(parsed, _duration, faults),
            Concurrency = Whole(parsed, _concurrency, defaults.Concurrency, faults),
            Rate = Rate(parsed, faults),
            Arrivals = Arrivals(parsed, faults),
            Seed = Whole(parsed, _seed, defaults.Seed, faults),
            MaxWaiting = Whole(parsed, _maxWaiting, defaults.MaxWaiting, faults),
            Http = Http(parsed, faults),
            Connections = parsed.GetValue(_connections) is null ? null : Whole(parsed, _connections, 1, faults),
            Headers = Headers(parsed, faults),
            Body = body,
            MessageBytes = Whole(parsed, _messageBytes, defaults.MessageBytes, faults),
            Timeout = Time(parsed, _timeout, faults) ?? defaults.Timeout,
            WebSocket = isMessage,
            ServerSentEvents = parsed.GetValue(_events),
            NewConnections = parsed.GetValue(_newConnections),
            Insecure = parsed.GetValue(_insecure),
        };
    }

    /// <summary>How a property of the options is spelt on the command line.</summary>
    public static string NameOf(string property) => property switch
    {
        "Url" => "URL",
        "WebSocket" => "--ws",
        "ServerSentEvents" => "--sse",
        _ => "--" + string.Concat(property.Select((c, i) =>
            (i > 0 && char.IsUpper(c) ? "-" : "") + char.ToLowerInvariant(c))),
    };

    private Option<string> Text(string name, string value, string description) =>
        Add(new Option<string>(name) { Description = description, HelpName = value });

    private Option<bool> Flag(string name, string description) =>
        Add(new Option<bool>(name) { Description = description });

    private Option<T> Add<T>(Option<T> option)
    {
        _all.Add(option);
        return option;
    }

    private static long? Number(ParseResult parsed, Option<string> option, List<BenchmarkFault> faults)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        faults.Add(new(PropertyOf(option), text, "a whole number"));
        return null;
    }

    private static int Whole(ParseResult parsed, Option<string> option, int otherwise, List<BenchmarkFault> faults)
    {
        if (Number(parsed, option, faults) is not { } number)
        {
            return otherwise;
        }

        if (number is >= int.MinValue and <= int.MaxValue)
        {
            return (int)number;
        }

        faults.Add(new(PropertyOf(option), parsed.GetValue(option)!, "a number of 32 bits"));
        return otherwise;
    }

    private static TimeSpan? Time(ParseResult parsed, Option<string> option, List<BenchmarkFault> faults)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        if (Durations.TryParse(text, out var time))
        {
            return time;
        }

        faults.Add(new(PropertyOf(option), text, "a time such as 10s, 500ms or 1m30s"));
        return null;
    }

    private double? Rate(ParseResult parsed, List<BenchmarkFault> faults)
    {
        if (parsed.GetValue(_rate) is not { } text)
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate))
        {
            return rate;
        }

        faults.Add(new("Rate", text, "a number of requests a second"));
        return null;
    }

    private BenchmarkArrivals Arrivals(ParseResult parsed, List<BenchmarkFault> faults)
    {
        switch (parsed.GetValue(_arrivals))
        {
            case null or "constant":
                return BenchmarkArrivals.Constant;
            case "poisson":
                return BenchmarkArrivals.Poisson;
            case { } text:
                faults.Add(new("Arrivals", text, "constant or poisson"));
                return default;
        }
    }

    private Version Http(ParseResult parsed, List<BenchmarkFault> faults)
    {
        switch (parsed.GetValue(_http))
        {
            case null or "1.1":
                return HttpVersion.Version11;
            case "2":
                return HttpVersion.Version20;
            case "3":
                return HttpVersion.Version30;
            case { } text:
                faults.Add(new("Http", text, "1.1, 2 or 3"));
                return HttpVersion.Version11;
        }
    }

    private List<KeyValuePair<string, string>> Headers(ParseResult parsed, List<BenchmarkFault> faults)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var line in parsed.GetValue(_header) ?? [])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                headers.Add(new(line[..colon].TrimEnd(), line[(colon + 1)..].Trim()));
            }
            else
            {
                faults.Add(new("Header", line, "Name: value"));
            }
        }

        return headers;
    }

    private static ReadOnlyMemory<byte> ReadBody(string? text, CommandContext context, List<BenchmarkFault> faults)
    {
        if (text is null or not ['@', ..])
        {
            return Encoding.UTF8.GetBytes(text ?? "");
        }

        try
        {
            return File.ReadAllBytes(Path.Combine(context.WorkingFolder, text[1..]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add(new("Body", text, $"@ and a file that can be read ({e.Message})"));
            return default;
        }
    }

    private static string PropertyOf(Option option) => string.Concat(option.Name[2..].Split('-')
        .Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
