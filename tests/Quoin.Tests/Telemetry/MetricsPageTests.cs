using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;
using Quoin.Tests.Gateway.Settle;

namespace Quoin.Tests.Telemetry;

public sealed class MetricsPageTests : IDisposable
{
    private readonly MetricsFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("text/html", false)]
    [InlineData("text/plain;version=0.0.4", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", false)]
    [InlineData("application/openmetrics-text;version=0.0.1,text/plain;q=0.5", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData(";;;", false)]
    public void OpenMetrics_is_given_to_who_prefers_it(string? accept, bool expected)
    {
        Assert.Equal(expected, MetricsPage.PrefersOpenMetrics(new StringValues(accept)));
    }

    [Fact]
    public async Task The_page_names_its_format()
    {
        var context = new DefaultHttpContext();
        var body = new MemoryStream();
        context.Response.Body = body;
        context.Request.Method = "GET";
        context.Request.Headers.Accept = "application/openmetrics-text;version=1.0.0";

        await new MetricsPage(_fixture.Registry).HandleAsync(context);

        Assert.Equal(MetricsPage.OpenMetricsType, context.Response.ContentType);
        Assert.EndsWith("# EOF\n", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_counter_of_OpenMetrics_has_a_family_without_suffix()
    {
        _fixture.Record(Records.Answered());

        Assert.Contains("# TYPE http_requests_total counter\n", _fixture.Page(), StringComparison.Ordinal);
        var open = _fixture.Page(openMetrics: true);
        Assert.Contains("# TYPE http_requests counter\n", open, StringComparison.Ordinal);
        Assert.Contains("\nhttp_requests_total{", open, StringComparison.Ordinal);
        Assert.Contains("# UNIT http_request_duration_seconds seconds\n", open, StringComparison.Ordinal);
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        var record = Records.Answered("a\"b\\c\nd");
        _fixture.Record(record);

        Assert.Contains("model=\"a\\\"b\\\\c\\nd\"", _fixture.Page(), StringComparison.Ordinal);
    }

    [Fact]
    public void Families_come_in_the_order_of_their_names_and_stay_together()
    {
        _fixture.Record(Records.Answered());
        _fixture.Record(Records.Answered("another"));
        ProcessMetrics.AddTo(_fixture.Registry);

        var names = _fixture.Page().Split('\n')
            .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2])
            .ToList();

        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Equal(names.Count, names.Distinct(StringComparer.Ordinal).Count());
        Assert.Contains("process_resident_memory_bytes", names);
        Assert.Contains("dotnet_gc_collections_total", names);
    }

    [Theory]
    [InlineData(0, "0.0")]
    [InlineData(1, "1.0")]
    [InlineData(0.005, "0.005")]
    [InlineData(0.00005, "5e-05")]
    [InlineData(262144, "262144.0")]
    [InlineData(1048576, "1.048576e+06")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    public void Numbers_have_the_canonical_form(double value, string expected)
    {
        Assert.Equal(expected, MetricsWriter.Number(value));
    }

    [Fact]
    public void Series_of_one_metric_are_bounded()
    {
        var family = _fixture.Registry.Counter(new("test_total", "test", null, "Test.", "label"));
        for (var i = 0; i < TelemetryLimits.SeriesPerMetric + 50; i++)
        {
            family.With("value-" + i).Add(0, 1);
        }

        var lines = _fixture.Page().Split('\n').Count(line => line.StartsWith("test_total{", StringComparison.Ordinal));
        Assert.Equal(TelemetryLimits.SeriesPerMetric + 1, lines);
        Assert.Equal(50, _fixture.Value("test_total{label=\"other\"}"));
    }

    [Fact]
    public async Task Promtool_has_no_complaint()
    {
        _fixture.Record(Records.Answered());
        _fixture.Record(Records.Streamed());
        _fixture.Record(Records.Failed(GatewayErrorKind.Overloaded));
        _fixture.Record(Records.Answered("odd \"name\"\\\n"));
        _fixture.Metrics.RecordAttempt("main", AttemptOutcome.Broken);
        ProcessMetrics.AddTo(_fixture.Registry);

        var (code, complaints) = await RunPromtoolAsync(_fixture.Page());

        Assert.Equal("", complaints);
        Assert.Equal(0, code);
    }

    private static async Task<(int Code, string Complaints)> RunPromtoolAsync(string page)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("promtool (Debian package prometheus) is not installed");
            throw;
        }

        using (process)
        {
            await process.StandardInput.WriteAsync(page);
            process.StandardInput.Close();
            var output = await process.StandardOutput.ReadToEndAsync();
            var errors = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output + errors);
        }
    }
}
