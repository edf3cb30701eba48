using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Quic;
using Quoin.Quic.Http3;
using Quoin.Quic.Kestrel;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>The 16 KB in which Kestrel encodes a header, held by few requests at once.</summary>
public sealed class HeaderBufferTests
{
    private const int Requests = QuicLimits.HeaderBuffers + 50;

    [Fact]
    public void It_is_where_it_is_known_to_be() => Assert.True(HeaderBuffer.IsKnown);

    [Fact]
    public void Something_that_is_not_Kestrels_has_none()
    {
        Assert.Null(HeaderBuffer.Of(new object()));
        Assert.Null(HeaderBuffer.Of(null));
    }

    [Fact]
    public async Task Many_requests_that_wait_hold_none_and_are_answered_with_header_and_trailer()
    {
        var capacities = new ConcurrentBag<int>();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = Build(async context =>
        {
            context.Response.DeclareTrailer("x-sum");
            context.Response.Headers["x-name"] = context.Request.Path.Value![1..];
            capacities.Add(CapacityOf(context));
            await context.Response.WriteAsync("waiting");
            await context.Response.Body.FlushAsync();
            capacities.Add(CapacityOf(context));
            await release.Task;
            context.Response.AppendTrailer("x-sum", context.Request.Path.Value[1..]);
        });
        await app.StartAsync();
        await using var client = await ConnectAsync(new Uri(app.Urls.Single()).Port);
        var sent = Enumerable.Range(0, Requests).Select(i =>
            client.SendAsync(new Http3Request { Authority = "localhost", Path = $"/{i}" })).ToList();
        var answers = await Task.WhenAll(sent);

        // Those beyond the first 128: before they have written a header, and after.
        Assert.InRange(capacities.Count(capacity => capacity == 0), 2 * (Requests - QuicLimits.HeaderBuffers),
            2 * Requests);
        release.SetResult();
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal("waiting", Encoding.ASCII.GetString(await answers[i].ReadToEndAsync()));
            Assert.Contains(("x-name", $"{i}"), answers[i].Headers);
            Assert.Contains(("x-sum", $"{i}"), answers[i].Trailers);
            await answers[i].DisposeAsync();
        }
    }

    private static int CapacityOf(HttpContext context) =>
        HeaderBuffer.Of(context.Features.Get<IPersistentStateFeature>()!.State.Values.Single())!.Capacity;

    private static WebApplication Build(RequestDelegate handler)
    {
        QuicPair.Skip();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .UseQuoinQuic(new QuicTransportOptions { Loops = 1, MaxBidirectionalStreams = Requests })
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http3;
                listener.UseHttps(TestCertificate.Create());
            }));
        var app = builder.Build();
        app.Run(handler);
        return app;
    }

    private static async Task<Http3Client> ConnectAsync(int port) =>
        await Http3Client.StartAsync(await QuicEndpoint.ConnectAsync(new QuicConnectOptions
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port),
            Tls = new()
            {
                TargetHost = "localhost",
                ApplicationProtocols = [Http3Client.Protocol],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
        }));
}
