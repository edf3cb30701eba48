using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Quoin.Server.Telemetry;

/// <summary>
/// The metrics page: every family of the registry as Prometheus text 0.0.4, or as OpenMetrics 1.0 where Accept
/// prefers it. Reading takes no lock that recording takes; its cost is bounded by the number of series, which is.
/// </summary>
internal sealed class MetricsPage(MetricRegistry registry)
{
    public const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>Answers GET and HEAD.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var openMetrics = PrefersOpenMetrics(context.Request.Headers.Accept);
        context.Response.ContentType = openMetrics ? OpenMetricsType : TextType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Vary = HeaderNames.Accept;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        Write(context.Response.BodyWriter, openMetrics);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    public void Write(IBufferWriter<byte> output, bool openMetrics)
    {
        var writer = new MetricsWriter(output, openMetrics);
        foreach (var family in registry.Families)
        {
            writer.Family(family);
        }

        writer.End();
    }

    /// <summary>OpenMetrics only where it is named and not liked less than text: a bare <c>*/*</c> gets text.</summary>
    internal static bool PrefersOpenMetrics(IList<string?> accept)
    {
        if (accept.Count == 0 || !MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var types))
        {
            return false;
        }

        double open = 0, text = 0;
        foreach (var type in types)
        {
            var quality = type.Quality ?? 1;
            if (type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase)
                && VersionOf(type) is "" or "1.0.0")
            {
                open = Math.Max(open, quality);
            }
            else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
            {
                text = Math.Max(text, quality);
            }
        }

        return open > 0 && open >= text;
    }

    private static string VersionOf(MediaTypeHeaderValue type)
    {
        foreach (var parameter in type.Parameters)
        {
            if (parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))
            {
                return parameter.Value.ToString().Trim('"');
            }
        }

        return "";
    }
}
