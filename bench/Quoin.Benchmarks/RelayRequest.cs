using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Benchmarks;

/// <summary>
/// The gateway's own share of a request: the pipeline between a request in memory and an upstream in memory, without
/// Kestrel and sockets. <see cref="HandOver"/> is what the surroundings of the measurement cost.
/// </summary>
[MemoryDiagnoser]
public class RelayRequest
{
    private const string Prompt = """
        {"model":"MODEL","max_tokens":256,STREAM"messages":[{"role":"system","content":"Be brief."},
        {"role":"user","content":"Say in one line how the weather is in the town we spoke of."}]}
        """;

    private static readonly UpstreamTarget Target = new(new Uri("http://x/v1/chat/completions"));

    private readonly byte[] _plain = Body("gpt", stream: false);
    private readonly byte[] _streamed = Body("gpt", stream: true);
    private readonly byte[] _translated = Body("claude", stream: false);
    private readonly byte[] _translatedStream = Body("claude", stream: true);
    private GatewayPipeline _pipeline = null!;
    private ServerTiming _timing = null!;
    private IdSource _ids = null!;
    private readonly CannedUpstream _upstream = new();

    [GlobalSetup]
    public void Setup()
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["chat"] = new() { Type = "openai-compatible", BaseUrl = "http://x/v1", Models = ["gpt"] },
                ["claude"] = new() { Type = "anthropic", BaseUrl = "http://x/v1", Models = ["claude"], ApiKey = "k" },
            },
        };
        Upstream[] upstreams =
        [
            .. options.Providers.Select(pair => new Upstream(ProviderTable.Create(pair.Key, pair.Value), _upstream)),
        ];
        var time = TimeProvider.System;
        _ids = new IdSource(1, 2);
        _timing = new ServerTiming(time);
        var metrics = new GatewayMetrics(new MetricRegistry(time));
        var services = new GatewayServices(time, _ids, metrics, _timing);
        _pipeline = new GatewayPipeline(
            services,
            new SnapshotHolder(new GatewaySnapshot(options, upstreams, new ProviderStates(time))),
            new ModelRouter(new ModelCatalog(time, NullLogger<ModelCatalog>.Instance)),
            new AttemptLoop(services, new RandomNumbers(_ids), NullLogger<AttemptLoop>.Instance),
            NullLogger<GatewayPipeline>.Instance);
    }

    [Benchmark(Baseline = true)]
    public async Task<long> HandOver()
    {
        var http = NewContext(_plain);
        using var request = new UpstreamRequest(HttpMethod.Post, Target);
        using var response = await _upstream.SendAsync(request, CancellationToken.None);
        await http.Response.BodyWriter.WriteAsync(CannedUpstream.Chat);
        return http.Response.Body.Length;
    }

    [Benchmark]
    public Task<long> Relayed() => RunAsync(_plain);

    [Benchmark]
    public Task<long> RelayedStreamOf20() => RunAsync(_streamed);

    [Benchmark]
    public Task<long> Translated() => RunAsync(_translated);

    [Benchmark]
    public Task<long> TranslatedStreamOf20() => RunAsync(_translatedStream);

    private static byte[] Body(string model, bool stream) => Encoding.UTF8.GetBytes(
        Prompt.Replace("MODEL", model, StringComparison.Ordinal)
            .Replace("STREAM", stream ? "\"stream\":true," : "", StringComparison.Ordinal));

    private static DefaultHttpContext NewContext(byte[] body)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.ContentType = "application/json";
        http.Request.ContentLength = body.Length;
        http.Request.Body = new MemoryStream(body);
        http.Response.Body = new MemoryStream(8192);
        return http;
    }

    private async Task<long> RunAsync(byte[] body)
    {
        var http = NewContext(body);
        var record = new RequestRecord
        {
            Started = TimeProvider.System.GetTimestamp(),
            RequestId = "r",
            Trace = TraceContext.Begin(_ids),
        };
        await _pipeline.InvokeAsync(http, record, new GatewayCall(WireApi.OpenAIChat, EventStreamFraming.Instance));
        return record.Error is null
            ? http.Response.Body.Length
            : throw new InvalidOperationException(record.Error.Message);
    }

    private sealed class CannedUpstream : UpstreamConnections
    {
        public static readonly byte[] Chat = """
            {"id":"c","object":"chat.completion","created":1,"model":"gpt","choices":[{"index":0,"message":
            {"role":"assistant","content":"It is raining, as it has for a week."},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":31,"completion_tokens":11,"total_tokens":42}}
            """u8.ToArray();

        private static readonly byte[] Message = """
            {"id":"m","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":
            "It is raining, as it has for a week."}],"stop_reason":"end_turn","stop_sequence":null,
            "usage":{"input_tokens":31,"output_tokens":11}}
            """u8.ToArray();

        private static readonly byte[] ChatStream = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat(
                "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}]}\n\n", 20))
            + "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
            + "data: [DONE]\n\n");

        private static readonly byte[] MessageStream = Encoding.UTF8.GetBytes(
            Event("message_start", "\"message\":{\"id\":\"m\",\"model\":\"claude\",\"usage\":{\"input_tokens\":31}}")
            + Event("content_block_start", "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
            + string.Concat(Enumerable.Range(0, 20).Select(i => Event(
                "content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}")))
            + Event("content_block_stop", "\"index\":0")
            + Event("message_delta", "\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":11}")
            + Event("message_stop", null));

        public override ValueTask<UpstreamResponse> SendAsync(
            UpstreamRequest request, CancellationToken cancellationToken)
        {
            var stream = request.BodyHead.Span.IndexOf("\"stream\":true"u8) >= 0;
            var messages = request.Target.Address.AbsolutePath.EndsWith("messages", StringComparison.Ordinal);
            return new(new CannedResponse(stream, (messages, stream) switch
            {
                (true, true) => MessageStream,
                (true, false) => Message,
                (false, true) => ChatStream,
                _ => Chat,
            }));
        }

        private static string Event(string type, string? fields) =>
            $"event: {type}\ndata: {{\"type\":\"{type}\"{(fields is null ? "" : "," + fields)}}}\n\n";
    }

    private sealed class CannedResponse(bool stream, byte[] body) : UpstreamResponse
    {
        private int _read;

        public override int Status => 200;

        public override int FieldCount => 1;

        public override long? ContentLength => stream ? null : body.Length;

        public override ReadOnlySpan<byte> FieldName(int index) => "content-type"u8;

        public override ReadOnlySpan<byte> FieldValue(int index) =>
            stream ? "text/event-stream"u8 : "application/json"u8;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            var count = Math.Min(destination.Length, body.Length - _read);
            body.AsSpan(_read, count).CopyTo(destination.Span);
            _read += count;
            return new(count);
        }

        public override void Dispose()
        {
        }
    }
}
