using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Compression;

/// <summary>
/// Compresses answers for clients that accept it. Not ASP.NET Core's middleware: that decides with the first byte,
/// whatever the length, tells <c>Vary</c> only to those who accept a coding, and leaves a strong ETag on bytes that it
/// is not the tag of. Here
/// <list type="number">
/// <item>headers say whether an answer may be compressed (<see cref="CompressibleAnswers"/>), and then Vary says that
/// it could have been;</item>
/// <item><see cref="CompressedBody"/> waits for <see cref="CompressionOptions.MinSize"/> bytes, or for a flush, which
/// lets it be as it is;</item>
/// <item>what is compressed has a weak ETag, which If-None-Match compares as it does a strong one (RFC 9110 §13.1.2).
/// </item>
/// </list>
/// </summary>
internal sealed class AnswerCompression
{
    private static readonly StringValues ByCoding = HeaderNames.AcceptEncoding;

    private readonly RequestDelegate _next;
    private readonly CompressionOptions _options;
    private readonly CompressibleAnswers _compressible;

    /// <summary>One for all requests: most answers are not compressed, and all pass here.</summary>
    private readonly Func<object, Task> _addVary;

    public AnswerCompression(RequestDelegate next, CompressionOptions options)
    {
        (_next, _options, _compressible) = (next, options, new CompressibleAnswers(options));
        _addVary = response =>
        {
            AddVary((HttpResponse)response);
            return Task.CompletedTask;
        };
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var accepted = AcceptedCodings.Parse(request.Headers.AcceptEncoding);
        context.Response.OnStarting(_addVary, context.Response);
        return accepted.Choose(_options.Algorithms) is { } coding && (_options.WithCredentials || !IsExposed(request))
            ? CompressAsync(context, coding, accepted.RefusesIdentity)
            : _next(context);
    }

    private async Task CompressAsync(HttpContext context, string coding, bool identityRefused)
    {
        var inner = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        await using var body = new CompressedBody(context, inner, _options, _compressible, coding, identityRefused);
        context.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await _next(context);
            await body.FinishAsync();
        }
        finally
        {
            context.Features.Set(inner);
        }
    }

    /// <summary>
    /// A page elsewhere can make a browser send it, and an eavesdropper sees how long the answer is.
    /// </summary>
    private static bool IsExposed(HttpRequest request) =>
        request.IsHttps && (request.Headers.Cookie.Count > 0
            || (request.Headers.Authorization.ToString() is { Length: > 0 } authorization
                && !authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)));

    /// <summary>A 304 says what the answer would have said, whose type it does not tell any more.</summary>
    private void AddVary(HttpResponse response)
    {
        var headers = response.Headers;
        var isNotModified = response.StatusCode == StatusCodes.Status304NotModified && headers.ETag.Count > 0;
        if (!isNotModified && headers.ContentEncoding.Count == 0 && !_compressible.Contains(response))
        {
            return;
        }

        if (headers.Vary.Count == 0)
        {
            headers.Vary = ByCoding;
        }
        else if (!headers.Vary.Any(value => value is not null
            && (value.Contains(HeaderNames.AcceptEncoding, StringComparison.OrdinalIgnoreCase) || value == "*")))
        {
            headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }
    }
}
