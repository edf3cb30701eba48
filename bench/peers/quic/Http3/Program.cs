using Quoin.Peers.Quic;

// serve PORT CERTIFICATE KEY FOLDER STREAMS   Kestrel over our transport
// handshakes PORT COUNT               new connections, one after another and eight at once
// streams PORT COUNT PID              that many answers under way at once, and the server's memory before, then, after
// early PORT                          a request by a client that comes back, over a wire of 50 ms each way
return args switch
{
    ["serve", var port, var certificate, var key, var folder, var streams] =>
        await Server.RunAsync(int.Parse(port), certificate, key, folder, int.Parse(streams)),
    ["handshakes", var port, var count] => await Load.HandshakesAsync(int.Parse(port), int.Parse(count)),
    ["streams", var port, var count, var pid] => await Load.StreamsAsync(int.Parse(port), int.Parse(count), pid),
    ["early", var port] => await Load.EarlyDataAsync(int.Parse(port)),
    _ => 2,
};
