using System.Globalization;
using Quoin.Peers.Edge;

// The two .NET subjects of bench/peers/edge/run, a client that holds idle connections, and the table at the end.
const string usage =
    """
    usage: Edge quoin PORT TLS-PORT FOLDER CERTIFICATE KEY
           Edge kestrel PORT TLS-PORT FOLDER CERTIFICATE KEY
           Edge idle PORT COUNT
           Edge report MEASUREMENTS FACTS OUTPUT
    """;

switch (args)
{
    case ["quoin", var port, var tlsPort, var folder, var certificate, var key]:
        await QuoinSubject.RunAsync(Number(port), Number(tlsPort), folder, certificate, key);
        return 0;

    case ["kestrel", var port, var tlsPort, var folder, var certificate, var key]:
        await KestrelSubject.RunAsync(Number(port), Number(tlsPort), folder, certificate, key);
        return 0;

    case ["idle", var port, var count]:
        return await IdleConnections.HoldAsync(Number(port), Number(count));

    case ["report", var measurements, var facts, var output]:
        return Report.Write(measurements, facts, output);

    default:
        Console.Error.WriteLine(usage);
        return 2;
}

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
