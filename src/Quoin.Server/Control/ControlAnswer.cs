using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Control;

/// <summary>An answer of the control plane: JSON that nobody keeps.</summary>
internal static class ControlAnswer
{
    public static async Task SendAsync(HttpContext http, PooledBuffer body)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
