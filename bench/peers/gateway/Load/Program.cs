using System.Globalization;
using Quoin.Peers.Gateway;

// What wrk cannot measure, and the table at the end. Each run prints one JSON object and ends by itself.
const string usage =
    """
    usage: Load latency URL BODY-FILE COUNT SECONDS [HEADER: VALUE]...
           Load streams URL BODY-FILE WARM-UP-BODY-FILE STREAMS CONNECTIONS SECONDS [HEADER: VALUE]...
           Load report MEASUREMENTS FACTS TABLE
    """;

switch (args)
{
    case ["latency", var url, var body, var count, var seconds, .. var headers]:
        var request = Target.Request(new Uri(url), await File.ReadAllBytesAsync(body), headers);
        return await Latency.RunAsync(new Uri(url), request, Number(count), Limit(seconds));

    case ["streams", var url, var body, var warmUpBody, var count, var connections, var seconds, .. var headers]:
        var streamed = Target.Request(new Uri(url), await File.ReadAllBytesAsync(body), headers);
        var warmUp = Target.Request(new Uri(url), await File.ReadAllBytesAsync(warmUpBody), headers);
        var streams = new Streams(new Uri(url), streamed, Number(count), Number(connections));
        return await streams.RunAsync(warmUp, Limit(seconds));

    case ["report", var measurements, var facts, var table]:
        return Report.Write(measurements, facts, table);

    default:
        Console.Error.WriteLine(usage);
        return 2;
}

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static TimeSpan Limit(string seconds) =>
    TimeSpan.FromSeconds(double.Parse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture));
