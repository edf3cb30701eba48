using Microsoft.AspNetCore.Http;

namespace Quoin.Http;

/// <summary>
/// Calls what handles a request so that middleware can look at its task before it awaits it: most handlers have ended
/// by then, and an <c>async</c> method around each costs more than all that it would do.
/// </summary>
internal static class Handling
{
    /// <summary>Never throws: what the handler throws at once is in its task.</summary>
    public static Task Start(RequestDelegate handler, HttpContext context)
    {
        try
        {
            return handler(context);
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }
}
