using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Browsers;

/// <summary>
/// Answers preflights, before anything else of the app sees them, and tells browsers which origins may read an answer.
/// The judgement is ASP.NET Core's; in addition every answer that depends on the origin says so in Vary, also one to a
/// request without an origin, which a shared cache could give to one with.
/// </summary>
internal sealed class CorsAnswers
{
    private readonly RequestDelegate _next;
    private readonly CorsPolicy _policy;
    private readonly CorsService _service;

    public CorsAnswers(RequestDelegate next, CorsOptions options, ILoggerFactory loggers)
    {
        _next = next;
        _service = new CorsService(
            Options.Create(new Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions()), loggers);
        var policy = new CorsPolicyBuilder([.. options.AllowedOrigins])
            .WithMethods([.. options.AllowedMethods])
            .WithHeaders([.. options.AllowedHeaders])
            .WithExposedHeaders([.. options.ExposedHeaders])
            .SetPreflightMaxAge(options.MaxAge);
        if (options.AllowedOrigins.Any(origin => origin.Contains("://*.", StringComparison.Ordinal)))
        {
            policy.SetIsOriginAllowedToAllowWildcardSubdomains();
        }

        _policy = (options.Credentials ? policy.AllowCredentials() : policy).Build();
    }

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.Origin.Count > 0 && HttpMethods.IsOptions(request.Method)
            && request.Headers.AccessControlRequestMethod.Count > 0)
        {
            Apply(context);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        context.Response.OnStarting(static state =>
        {
            var (answers, context) = ((CorsAnswers, HttpContext))state;
            answers.Apply(context);
            return Task.CompletedTask;
        }, (this, context));
        return _next(context);
    }

    private void Apply(HttpContext context)
    {
        if (context.Request.Headers.Origin.Count > 0)
        {
            _service.ApplyResult(_service.EvaluatePolicy(context, _policy), context.Response);
        }

        var headers = context.Response.Headers;
        if (!_policy.AllowAnyOrigin
            && !headers.Vary.ToString().Contains(HeaderNames.Origin, StringComparison.OrdinalIgnoreCase))
        {
            headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        }
    }
}
