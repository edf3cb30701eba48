using System.Diagnostics.Metrics;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Tests.Gateway.Settle;

public sealed class GatewayMetricsTests : IDisposable
{
    private const string GenAi = "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\","
        + "gen_ai_request_model=\"gpt-4o\",gen_ai_response_model=\"gpt-4o\"";

    private const string Others =
        "quoin_request_duration_seconds_count{provider=\"main\",model=\"other\",operation=\"chat\"}";

    private readonly MetricsFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_request_is_counted_and_timed_by_endpoint()
    {
        _fixture.Record(Records.Answered());
        _fixture.Record(Records.Answered());

        const string Endpoint = "method=\"POST\",endpoint=\"/v1/chat/completions\"";
        Assert.Equal(2, _fixture.Value($"http_requests_total{{{Endpoint},status=\"200\"}}"));
        Assert.Equal(2, _fixture.Value($"http_request_duration_seconds_count{{{Endpoint}}}"));
        Assert.Equal(0.04, _fixture.Value($"http_request_duration_seconds_sum{{{Endpoint}}}")!.Value, 9);
        Assert.Equal(0, _fixture.Value($"http_request_duration_seconds_bucket{{{Endpoint},le=\"0.01\"}}"));
        Assert.Equal(2, _fixture.Value($"http_request_duration_seconds_bucket{{{Endpoint},le=\"0.025\"}}"));
    }

    [Fact]
    public void A_value_on_a_bound_belongs_to_its_bucket()
    {
        var record = Records.Answered();
        record.Finished = record.Started + (25 * Records.Millisecond);
        _fixture.Record(record);

        const string Bucket = "http_request_duration_seconds_bucket{method=\"POST\",endpoint=\"/v1/chat/completions\"";
        Assert.Equal(0, _fixture.Value(Bucket + ",le=\"0.01\"}"));
        Assert.Equal(1, _fixture.Value(Bucket + ",le=\"0.025\"}"));
    }

    [Fact]
    public void Requests_in_progress_rise_at_the_start_and_fall_at_the_end()
    {
        _fixture.Metrics.Start();
        _fixture.Metrics.Start();
        Assert.Equal(2, _fixture.Value("http_requests_in_progress"));

        _fixture.Metrics.Record(Records.Answered());
        Assert.Equal(1, _fixture.Value("http_requests_in_progress"));
    }

    [Fact]
    public void Own_time_is_what_providers_and_the_queue_did_not_take()
    {
        var record = Records.Answered();
        record.Queued = Records.Millisecond / 2;
        record.EarlierAttempts = Records.Millisecond;
        _fixture.Record(record);

        Assert.Equal(0.0005, _fixture.Value("quoin_overhead_seconds_sum{provider=\"main\"}")!.Value, 9);
    }

    [Fact]
    public void Own_time_of_a_stream_leaves_out_the_pace_of_the_provider()
    {
        _fixture.Record(Records.Streamed());

        Assert.Equal(0.001, _fixture.Value("quoin_overhead_seconds_sum{provider=\"main\"}")!.Value, 9);
    }

    [Fact]
    public void The_route_is_a_label_only_where_one_matched()
    {
        _fixture.Record(Records.Answered());
        var routed = Records.Answered();
        routed.Route = "fast";
        _fixture.Record(routed);

        const string Labels = "provider=\"main\",model=\"gpt-4o\",operation=\"chat\"}";
        Assert.Equal(1, _fixture.Value("quoin_request_duration_seconds_count{" + Labels));
        Assert.Equal(1, _fixture.Value("quoin_request_duration_seconds_count{route=\"fast\"," + Labels));
    }

    [Fact]
    public void Tokens_are_counted_by_type()
    {
        _fixture.Record(Records.Answered());

        const string Labels = "quoin_tokens_total{provider=\"main\",model=\"gpt-4o\",type=";
        Assert.Equal(100, _fixture.Value(Labels + "\"input\"}"));
        Assert.Equal(11, _fixture.Value(Labels + "\"output\"}"));
        Assert.Equal(60, _fixture.Value(Labels + "\"cached\"}"));
        Assert.Equal(3, _fixture.Value(Labels + "\"reasoning\"}"));
    }

    [Fact]
    public void GenAi_metrics_follow_the_conventions()
    {
        _fixture.Record(Records.Streamed());

        Assert.Equal(
            100, _fixture.Value($"gen_ai_client_token_usage_sum{{{GenAi},gen_ai_token_type=\"input\"}}"));
        Assert.Equal(
            1, _fixture.Value($"gen_ai_client_token_usage_bucket{{{GenAi},gen_ai_token_type=\"output\",le=\"16.0\"}}"));
        Assert.Equal(1.049, _fixture.Value($"gen_ai_server_request_duration_seconds_sum{{{GenAi}}}")!.Value, 9);
        Assert.Equal(0.049, _fixture.Value($"gen_ai_server_time_to_first_token_seconds_sum{{{GenAi}}}")!.Value, 9);
        Assert.Equal(0.1, _fixture.Value($"gen_ai_server_time_per_output_token_seconds_sum{{{GenAi}}}")!.Value, 9);
        Assert.Equal(
            0.05,
            _fixture.Value("quoin_time_to_first_event_seconds_sum{provider=\"main\",model=\"gpt-4o\"}")!.Value,
            9);
    }

    [Fact]
    public void First_token_times_are_of_streams_only()
    {
        _fixture.Record(Records.Answered());

        Assert.DoesNotContain("time_to_first_token_seconds_count", _fixture.Page(), StringComparison.Ordinal);
        Assert.DoesNotContain("time_to_first_event_seconds_count", _fixture.Page(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_call_tells_its_error_type()
    {
        _fixture.Record(Records.Failed(GatewayErrorKind.RateLimited));

        Assert.Contains("error_type=\"rate_limited\"", _fixture.Page(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_left_counts_as_499_and_as_cancelled()
    {
        var record = Records.Streamed();
        record.ClientGone = true;
        _fixture.Record(record);

        var page = _fixture.Page();
        Assert.Contains("status=\"499\"} 1", page, StringComparison.Ordinal);
        Assert.Contains("error_type=\"cancelled\"", page, StringComparison.Ordinal);
        Assert.Equal(1, _fixture.Value("quoin_client_disconnects_total"));
    }

    [Fact]
    public void A_stream_that_broke_after_its_start_is_a_stream_error()
    {
        var record = Records.Streamed();
        record.Error = new GatewayError(GatewayErrorKind.BadGateway, "cut");
        _fixture.Record(record);

        Assert.Equal(1, _fixture.Value("quoin_stream_errors_total{provider=\"main\",reason=\"bad_gateway\"}"));
    }

    [Fact]
    public void Attempts_are_counted_by_provider_and_outcome()
    {
        _fixture.Metrics.RecordAttempt("main", AttemptOutcome.ServerError);
        _fixture.Metrics.RecordAttempt("main", AttemptOutcome.Success);
        _fixture.Metrics.RecordAttempt("main", AttemptOutcome.Success);

        Assert.Equal(1, _fixture.Value("quoin_attempts_total{provider=\"main\",outcome=\"server_error\"}"));
        Assert.Equal(2, _fixture.Value("quoin_attempts_total{provider=\"main\",outcome=\"success\"}"));
    }

    [Fact]
    public void Reloads_are_counted_by_result()
    {
        _fixture.Metrics.RecordReload(success: false);

        Assert.Equal(1, _fixture.Value("quoin_configuration_reloads_total{result=\"failure\"}"));
        Assert.Equal(0, _fixture.Value("quoin_configuration_reloads_total{result=\"success\"}"));
    }

    [Fact]
    public void A_request_that_reached_no_provider_has_http_metrics_only()
    {
        _fixture.Record(new RequestRecord { Method = "BREW", Endpoint = "/", Status = 404, Started = 1, Finished = 2 });

        var page = _fixture.Page();
        Assert.Equal(1, _fixture.Value("http_requests_total{method=\"_OTHER\",endpoint=\"/\",status=\"404\"}"));
        Assert.DoesNotContain("gen_ai_client_token_usage_count", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Invented_model_names_of_failing_requests_are_counted_as_other()
    {
        for (var i = 0; i < 500; i++)
        {
            var record = Records.Failed(GatewayErrorKind.NotFound);
            record.Model = "invented-" + i;
            record.ResponseModel = null;
            _fixture.Record(record);
        }

        var page = _fixture.Page();
        Assert.DoesNotContain("invented-", page, StringComparison.Ordinal);
        Assert.Equal(
            500,
            _fixture.Value(Others));
    }

    [Fact]
    public void Model_labels_are_capped_and_configured_ones_keep_their_name()
    {
        _fixture.Metrics.KnowModels(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>
            {
                ["main"] = new() { Type = "openai", Models = ["configured", "gpt-*"] },
            },
        });
        for (var i = 0; i < TelemetryLimits.ModelLabels * 3; i++)
        {
            _fixture.Record(Records.Answered("model-" + i));
        }

        _fixture.Record(Records.Answered("configured"));

        var models = _fixture.Page().Split('\n')
            .Where(line => line.StartsWith("quoin_request_duration_seconds_count{", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(TelemetryLimits.ModelLabels + 1, models.Count);
        Assert.Contains(models, line => line.Contains("model=\"configured\"", StringComparison.Ordinal));
        Assert.Equal(
            (TelemetryLimits.ModelLabels * 2) + 1,
            _fixture.Value(Others));
    }

    [Fact]
    public void No_number_is_lost_when_many_threads_record_while_the_page_is_read()
    {
        const int Threads = 8;
        const int Each = 100_000;
        using var barrier = new Barrier(Threads);
        var threads = Enumerable.Range(0, Threads).Select(t => new Thread(() =>
        {
            var records = Enumerable.Range(0, 5).Select(model => Records.Answered("model-" + model)).ToArray();
            barrier.SignalAndWait();
            for (var i = 0; i < Each; i++)
            {
                _fixture.Record(records[(i + t) % 5]);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        const string Labels = "{method=\"POST\",endpoint=\"/v1/chat/completions\"}";
        var last = 0.0;
        while (threads.Exists(thread => thread.IsAlive))
        {
            var count = _fixture.Value("http_request_duration_seconds_count" + Labels) ?? 0;
            Assert.True(count >= last, "a counter fell");
            last = count;
        }

        threads.ForEach(thread => thread.Join());
        Assert.Equal(Threads * Each, _fixture.Value("http_request_duration_seconds_count" + Labels));
        Assert.Equal(Threads * Each * 0.02, _fixture.Value("http_request_duration_seconds_sum" + Labels)!.Value, 3);
        Assert.Equal(0, _fixture.Value("http_requests_in_progress"));
        Assert.Equal(
            Threads * Each / 5 * 11,
            _fixture.Value("quoin_tokens_total{provider=\"main\",model=\"model-3\",type=\"output\"}"));
    }

    [Fact]
    public void Recording_allocates_nothing_once_its_label_set_is_known()
    {
        var record = Records.Streamed();
        for (var i = 0; i < 100; i++)
        {
            _fixture.Record(record);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _fixture.Record(record);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_listener_of_the_meter_sees_the_same_measurements()
    {
        var seen = new Dictionary<string, double>(StringComparer.Ordinal);
        string? tag = null;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter, _fixture.Registry.Meter))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            seen[instrument.Name] = value;
            foreach (var (name, text) in tags)
            {
                tag = name == "gen_ai.provider.name" ? (string?)text : tag;
            }
        });
        listener.Start();

        _fixture.Record(Records.Answered());

        Assert.Equal(0.02, seen["http.request.duration"], 9);
        Assert.Equal(1, seen["http.requests"]);
        Assert.Equal(11, seen["gen_ai.client.token.usage"]);
        Assert.Equal("openai", tag);
    }

    [Theory]
    [InlineData("gemini", Operation.Chat, "generate_content", "gcp.gemini")]
    [InlineData("azure-openai", Operation.Embeddings, "embeddings", "azure.ai.openai")]
    [InlineData("anthropic", Operation.CountTokens, "count_tokens", "anthropic")]
    [InlineData("openai-compatible", Operation.Chat, "chat", "openai")]
    public void GenAi_names_are_the_well_known_ones(string type, object operation, string name, string provider)
    {
        Assert.Equal(name, MetricNames.GenAiOperation((Operation)operation, type));
        Assert.Equal(provider, MetricNames.GenAiProvider(type));
    }
}
