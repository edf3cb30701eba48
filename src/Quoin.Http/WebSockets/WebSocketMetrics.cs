using System.Diagnostics.Metrics;

namespace Quoin.Http.WebSockets;

/// <summary>
/// What is counted, under the meter <c>Quoin.Http.WebSockets</c>; it costs next to nothing while nobody listens. Codes
/// that applications choose are all <c>application</c>, so that no client makes series.
/// </summary>
internal static class WebSocketMetrics
{
    private static readonly Meter Meter = new("Quoin.Http.WebSockets");

    private static readonly UpDownCounter<long> Connections = Meter.CreateUpDownCounter<long>(
        "quoin.websocket.connections", "{connection}", "Open WebSockets.");

    private static readonly Counter<long> Messages = Meter.CreateCounter<long>(
        "quoin.websocket.messages", "{message}", "Messages received (direction in) and put into the queue (out).");

    private static readonly Counter<long> Closes = Meter.CreateCounter<long>(
        "quoin.websocket.closes", "{connection}", "WebSockets that ended, by the code that says why.");

    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "quoin.websocket.refusals", "{handshake}", "Handshakes that were refused, by the status.");

    public static void Opened() => Connections.Add(1);

    public static void Closed(WebSocketCloseCode code)
    {
        Connections.Add(-1);
        Closes.Add(1, new KeyValuePair<string, object?>("code", Enum.IsDefined(code) ? (int)code : "application"));
    }

    public static void Refused(int status) => Refusals.Add(1, new KeyValuePair<string, object?>("status", status));

    public static void Received() => Count("in");

    public static void Sent() => Count("out");

    private static void Count(string direction)
    {
        if (Messages.Enabled)
        {
            Messages.Add(1, new KeyValuePair<string, object?>("direction", direction));
        }
    }
}
