using System.Globalization;
using Quoin.Http;

var port = args is [var given] ? int.Parse(given, CultureInfo.InvariantCulture) : 8080;
await using var app = new HttpApp(new HttpAppOptions { Port = port });
app.Get("/hello/{name}", (string name) => $"Hello {name}");
await app.RunAsync();
