using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Quoin.Peers.Gateway;

// Usage: Forwarder PORT UPSTREAM-URL. The least a .NET proxy can do: what Quoin adds is measured against it.
if (args.Length != 2
    || !int.TryParse(args[0], CultureInfo.InvariantCulture, out var port)
    || !Uri.TryCreate(args[1], UriKind.Absolute, out var upstream))
{
    Console.Error.WriteLine("usage: Forwarder PORT UPSTREAM-URL");
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Listen(IPAddress.Loopback, port);
});
var app = builder.Build();
using var forwarding = new Forwarding(upstream);
app.Run(forwarding.ForwardAsync);
await app.RunAsync();
return 0;
