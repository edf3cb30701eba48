using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Quoin.Http.Browsers;

/// <summary>Sets headers when an answer begins, so that those of errors have them too.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, SecurityHeaderOptions? options, HstsOptions? hsts)
{
    private readonly (string Name, string Value)[] _headers = [.. Headers(options)];
    private readonly string? _hsts = hsts is null ? null : Hsts(hsts);

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state =>
        {
            var (headers, context) = ((SecurityHeaders, HttpContext))state;
            headers.Set(context);
            return Task.CompletedTask;
        }, (this, context));
        return next(context);
    }

    private void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        foreach (var (name, value) in _headers)
        {
            headers.TryAdd(name, value);
        }

        if (_hsts is not null && context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = _hsts;
        }
    }

    private static IEnumerable<(string Name, string Value)> Headers(SecurityHeaderOptions? options)
    {
        (string Name, string? Value)[] headers =
        [
            ("X-Content-Type-Options", options is { NoSniff: true } ? "nosniff" : null),
            ("Referrer-Policy", options?.ReferrerPolicy),
            ("X-Frame-Options", options?.FrameOptions),
            ("Content-Security-Policy", options?.ContentSecurityPolicy),
        ];
        return headers.Where(header => !string.IsNullOrEmpty(header.Value))
            .Select(header => (header.Name, header.Value!));
    }

    private static string Hsts(HstsOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"max-age={(long)options.MaxAge.TotalSeconds}{(options.IncludeSubdomains ? "; includeSubDomains" : "")}")
        + (options.Preload ? "; preload" : "");
}
