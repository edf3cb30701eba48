using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;

namespace Quoin.Server.Workers;

/// <summary>
/// What must be one is worker 0's: jobs, answers kept for an Idempotency-Key, the control plane. Other workers pass
/// such requests on to it whole. While it is being replaced they wait a moment for its successor, and are refused with
/// 503 beyond; what it has begun to answer is not asked again.
/// </summary>
internal sealed class OwnerForward(WorkerIdentity identity, TimeProvider time) : IDisposable
{
    private static readonly PathString Control = "/api/v1";
    private static readonly PathString Jobs = "/v1/jobs";

    private readonly HttpMessageInvoker _client =
        UnixClient.Create(identity.OwnerSocket, WorkerLimits.OwnerConnections);

    public static bool Concerns(HttpContext http)
    {
        var request = http.Request;
        return request.Headers.ContainsKey(IdempotencyKey.Header)
            || request.Path.StartsWithSegments(Jobs, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(Control, StringComparison.OrdinalIgnoreCase)
            || PreferHeader.AsksToRespondAsync(request.Headers["Prefer"]);
    }

    public async Task SendAsync(HttpContext http)
    {
        var body = HttpRelay.HasBody(http) ? new OnceRead(http.Request.Body) : null;
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                using var message = HttpRelay.RequestOf(http, body);
                using var answer = await _client.SendAsync(message, http.RequestAborted);
                HttpRelay.CopyHead(answer, http.Response);
                await HttpRelay.CopyBodyAsync(answer, http);
                return;
            }
            catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
            {
                return;
            }
            catch (BadHttpRequestException e)
            {
                // The client's own fault: its body was cut, or too slow.
                await RefuseAsync(http, e.StatusCode, e.Message);
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
            {
                if (http.Response.HasStarted)
                {
                    http.Abort();
                    return;
                }

                if (!IsUnsent(e, body) || time.GetElapsedTime(began) > WorkerLimits.OwnerWait)
                {
                    await RefuseAsync(
                        http, StatusCodes.Status503ServiceUnavailable, "worker 0, which answers this, is restarting");
                    return;
                }
            }

            await Task.Delay(WorkerLimits.StartPoll, time, http.RequestAborted);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Nobody listened, so nothing of the request was seen.</summary>
    private static bool IsUnsent(Exception e, OnceRead? body) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }
        && body is not { WasRead: true };

    private static Task RefuseAsync(HttpContext http, int status, string detail)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        http.Response.Clear();
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            http.Response.Headers.RetryAfter = "1";
        }

        return HttpEdge.WriteProblemAsync(http, status, detail);
    }
}

/// <summary>A body that tells whether anything of it was read, and that outlives the message it is sent with.</summary>
internal sealed class OnceRead(Stream body) : Stream
{
    public bool WasRead { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        WasRead = true;
        return body.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
