using Microsoft.AspNetCore.Http;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Endpoints;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Keys;

/// <summary>
/// Asks for a key before anything of a request to the model APIs or to jobs is read, when <c>auth.enabled</c>:
/// 1. No key, an unknown or an ended one: 401, told as the path's API tells errors.
/// 2. Else the key is a feature of the request; which models it may ask for is judged where the model is known.
/// </summary>
internal sealed class KeyGate(SnapshotHolder snapshots, KeyMetrics metrics, TimeProvider time)
{
    public bool Enabled => snapshots.Current.Keys.Enabled;

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var keys = snapshots.Current.Keys;
        if (!keys.Enabled || !IsGuarded(http.Request.Path))
        {
            return next(http);
        }

        if (Identify(http, keys, out var refusal) is not { } key)
        {
            return RefuseAsync(http, refusal!);
        }

        http.Features.Set(key);
        return next(http);
    }

    /// <summary>False: the caller was refused.</summary>
    public async ValueTask<bool> AdmitAsync(HttpContext http)
    {
        if (Identify(http, snapshots.Current.Keys, out var refusal) is not { } key)
        {
            await RefuseAsync(http, refusal!);
            return false;
        }

        http.Features.Set(key);
        return true;
    }

    /// <summary>Whether the caller presents a key that may use the control plane.</summary>
    public bool IsAdmin(HttpContext http)
    {
        var keys = snapshots.Current.Keys;
        return keys.Enabled && keys.Find(Credential.Of(http.Request)) is { IsAdmin: true } key
            && key.Expires > time.GetUtcNow();
    }

    /// <summary>Whose request it is: the holder of its key, or of the key that a job was accepted with.</summary>
    public static string TenantOf(HttpContext http) =>
        http.Features.Get<JobCall>()?.Tenant ?? http.Features.Get<ApiKey>()?.Name ?? "";

    /// <summary>
    /// Holds a request to what its key may ask for. A job's model was judged when the job was accepted.
    /// </summary>
    public void HoldToKey(Exchange exchange)
    {
        if (exchange.Key is not { } key)
        {
            return;
        }

        exchange.HighestPriority = key.HighestPriority;
        if (!key.Allows(exchange.Envelope.Model) && exchange.Http.Features.Get<JobCall>() is null)
        {
            metrics.Refuse("model");
            throw new GatewayException(ModelRefused(exchange.Envelope.Model));
        }
    }

    public static GatewayError ModelRefused(string model) => new(
        GatewayErrorKind.Permission, $"this key may not use the model {model}")
    { Code = "model_not_allowed" };

    private static bool IsGuarded(PathString path) =>
        path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/v1beta", StringComparison.OrdinalIgnoreCase);

    private ApiKey? Identify(HttpContext http, KeyRing keys, out GatewayError? refusal)
    {
        refusal = null;
        var presented = Credential.Of(http.Request);
        var key = keys.Find(presented);
        if (key is not null && key.Expires > time.GetUtcNow())
        {
            return key;
        }

        var (reason, message) = (presented.IsEmpty, key) switch
        {
            (true, _) => ("missing", "no API key was sent: send the header Authorization: Bearer KEY"),
            (_, null) => ("unknown", "the API key is not known here"),
            _ => ("expired", "the API key has expired"),
        };
        metrics.Refuse(reason);
        refusal = new GatewayError(GatewayErrorKind.Authentication, message) { Code = "invalid_api_key" };
        return null;
    }

    private static async Task RefuseAsync(HttpContext http, GatewayError error)
    {
        var record = RequestEdge.RecordOf(http);
        record.Error = error;
        http.Response.StatusCode = error.Status;
        http.Response.Headers.WWWAuthenticate = "Bearer";
        if (DialectOf(http.Request) is not { } dialect)
        {
            await ProblemDetails.WriteAsync(http, record);
            return;
        }

        record.Dialect = dialect.Name;
        using var body = new PooledBuffer(1024);
        dialect.WriteError(error, record.RequestId, body);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body.WrittenMemory);
        }
    }

    /// <summary>Three APIs share <c>/v1/models</c>; Gemini's calls are the only posts there.</summary>
    private static Dialect? DialectOf(HttpRequest request) =>
        GatewayEndpoints.DialectOf(request.Path)
        ?? (!request.Path.StartsWithSegments("/v1/models", StringComparison.OrdinalIgnoreCase) ? null
            : HttpMethods.IsPost(request.Method) ? DialectTable.Gemini
            : request.Headers.ContainsKey("anthropic-version") ? DialectTable.Anthropic
            : DialectTable.OpenAIChat);
}
