using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Routing;

/// <summary>
/// Answers what no handler does: OPTIONS of a path that has handlers with 204 and Allow (RFC 9110 §9.3.7), another
/// method with 405 and Allow, a path without any with 404.
/// </summary>
internal sealed class MethodAnswers(RequestDelegate next)
{
    /// <summary>How ASP.NET Core's routing calls the endpoint of a path whose methods are others.</summary>
    private const string WrongMethod = "405 HTTP Method Not Supported";

    public Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        return endpoint is { DisplayName: not WrongMethod } ? next(context) : AnswerAsync(context, endpoint);
    }

    private static async Task AnswerAsync(HttpContext context, Endpoint? endpoint)
    {
        if (endpoint is null && HttpEdge.IsOptionsOfServer(context))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (endpoint is null)
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status404NotFound, "there is nothing at this path", context.RequestAborted);
            return;
        }

        // It sets the status and Allow, in the order in which routes were added.
        await endpoint.RequestDelegate!(context);
        var allowed = context.Response.Headers.Allow.ToString();
        context.Response.Headers[HeaderNames.Allow] = allowed + ", OPTIONS";
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await Problem.WriteAsync(
            context, StatusCodes.Status405MethodNotAllowed, "this path takes " + context.Response.Headers.Allow,
            context.RequestAborted);
    }
}
