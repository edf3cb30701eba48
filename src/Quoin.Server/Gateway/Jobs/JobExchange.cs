using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// One run of a job as a request without a connection: it goes through the edge and the pipeline as any other does,
/// and its answer is written down instead of sent.
/// </summary>
internal sealed class JobExchange : IDisposable
{
    private readonly CancellationTokenSource _abort;
    private readonly AnswerRecorder _recorder;
    private readonly DefaultHttpContext _http = new();
    private bool _broken;

    /// <param name="ending">Ends the run: the job is cancelled, or the server stops.</param>
    private JobExchange(Job job, GatewayCall call, CancellationToken ending)
    {
        _abort = CancellationTokenSource.CreateLinkedTokenSource(ending);
        _recorder = new AnswerRecorder(client: null, JobLimits.ResultBytes) { Overflowing = Break };
        var features = _http.Features;
        features.Set<IHttpResponseFeature>(new ResponseHeadFeature(_recorder));
        features.Set<IHttpResponseBodyFeature>(_recorder);
        features.Set<IHttpRequestLifetimeFeature>(new LifetimeFeature(this));
        features.Set(new JobCall(job.Request.Tenant, call));
        var request = _http.Request;
        (request.Method, request.Scheme, request.Path) = (HttpMethods.Post, "http", job.Request.Path);
        request.Host = new HostString("localhost");
        foreach (var (name, value) in job.Request.Headers)
        {
            request.Headers[name] = value;
        }

        request.Headers["X-Request-ID"] = job.Request.RequestId;
        request.ContentType = "application/json";
        request.ContentLength = job.Body.Length;
        request.Body = new MemoryStream(job.Body.ToArray(), writable: false);
        _http.SetEndpoint(new RouteEndpoint(
            static _ => Task.CompletedTask, RoutePatternFactory.Parse(job.Request.Endpoint), 0, null, null));
    }

    /// <summary>Null where the job's API is none that this version knows.</summary>
    public static JobExchange? Of(Job job, CancellationToken ending) =>
        Enum.TryParse<WireApi>(job.Request.Api, out var api)
            ? new JobExchange(job, new GatewayCall(api, EventStreamFraming.Instance, job.Request.PathModel), ending)
            : null;

    /// <summary>What stands behind the edge for a run.</summary>
    public static Task InvokeAsync(HttpContext http, GatewayPipeline pipeline) => pipeline.InvokeAsync(
        http, RequestEdge.RecordOf(http),
        http.Features.Get<JobCall>()?.Call ?? throw new UnreachableException("no job runs this request"));

    /// <summary>What a client would have been told to wait.</summary>
    public string? RetryAfter => _http.Response.Headers.RetryAfter;

    /// <summary>Null: there is no whole answer.</summary>
    public async Task<RecordedAnswer?> RunAsync(RequestDelegate handler)
    {
        await handler(_http);
        return _broken || !_recorder.Started
            ? null
            : new RecordedAnswer(
                _http.Response.StatusCode, RecordedAnswer.HeadersOf(_http.Response), _recorder.Body.ToArray());
    }

    public void Dispose()
    {
        _recorder.Dispose();
        _abort.Dispose();
    }

    /// <summary>The answer was cut, or is longer than can be kept.</summary>
    private void Break()
    {
        _broken = true;
        _abort.Cancel();
    }

    private sealed class ResponseHeadFeature(AnswerRecorder recorder) : HttpResponseFeature
    {
        public override bool HasStarted => recorder.Started;
    }

    private sealed class LifetimeFeature(JobExchange exchange) : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted
        {
            get => exchange._abort.Token;
            set => throw new NotSupportedException("a run ends by its job");
        }

        public void Abort() => exchange.Break();
    }
}
