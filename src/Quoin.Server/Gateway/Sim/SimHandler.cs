using System.Net;
using System.Net.Sockets;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// The simulated provider as an upstream without sockets: what calls it sees headers, content, waits, resets and
/// silence as it would from a real connection.
/// </summary>
internal sealed class SimHandler(SimEngine engine, TimeProvider time) : HttpMessageHandler
{
    /// <summary>No more is reserved on the word of a header; a longer body grows as it comes.</summary>
    private const int MaxExpectedBytes = 16 << 20;

    /// <exception cref="SimScenarioException">The scenario file is at fault.</exception>
    public static SimHandler Create(SimOptions options, SimDialects dialects, TimeProvider time)
    {
        var scenario = options.Scenario is { Length: > 0 } file ? SimScenarioReader.Load(file) : SimScenario.None;
        return new SimHandler(new SimEngine(options, scenario, dialects, time), time);
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await ReadAsync(request.Content, cancellationToken);
        var address = request.RequestUri!;
        var reply = engine.Answer(new SimRequest(
            request.Method.Method, address.AbsolutePath, address.Query, name => Header(request, name), body));
        var clock = new SimClock(time);
        await clock.WaitAsync(reply.Latency, cancellationToken);
        switch (reply.InsteadOfHeaders)
        {
            case SimEnding.Silence:
                await clock.WaitForeverAsync(cancellationToken);
                break;
            case SimEnding.Reset:
                var reset = new SocketException((int)SocketError.ConnectionReset);
                throw new HttpRequestException(
                    "An error occurred while sending the request.", new IOException(reset.Message, reset));
        }

        return CreateResponse(request, reply);
    }

    /// <summary>Content that was made from bytes is copied once.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is null)
        {
            return default;
        }

        var expected = Math.Clamp(content.Headers.ContentLength ?? 0, 0, MaxExpectedBytes);
        var body = new MemoryStream((int)expected);
        await content.CopyToAsync(body, cancellationToken);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private HttpResponseMessage CreateResponse(HttpRequestMessage request, SimReply reply)
    {
        var response = new HttpResponseMessage((HttpStatusCode)reply.Status)
        {
            RequestMessage = request,
            Version = HttpVersion.Version11,
            Content = reply.Steps is null ? new ReadOnlyMemoryContent(reply.Body) : new SimContent(reply, time),
        };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", reply.ContentType);
        foreach (var (name, value) in reply.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, value))
            {
                response.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return response;
    }

    private static string? Header(HttpRequestMessage request, string name) =>
        request.Headers.TryGetValues(name, out var values)
            || request.Content?.Headers.TryGetValues(name, out values) == true
                ? values.FirstOrDefault()
                : null;
}
