using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// Sends what was written to the client, and gives up on one that takes nothing for <c>server.write_timeout</c>:
/// its connection is cut, which the request sees as the client's leaving.
/// </summary>
internal sealed class ClientWriter(HttpContext http, TimeSpan writeTimeout, TimeProvider time)
{
    public PipeWriter Output { get; } = http.Response.BodyWriter;

    public ValueTask FlushAsync()
    {
        var flush = Output.FlushAsync();
        if (!flush.IsCompletedSuccessfully)
        {
            return WaitAsync(flush);
        }

        _ = flush.GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }

    private async ValueTask WaitAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            await flush.AsTask().WaitAsync(writeTimeout, time);
        }
        catch (TimeoutException)
        {
            http.Abort();
        }
    }
}
