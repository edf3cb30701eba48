using System.Text;
using Quoin.Server.Workers;

namespace Quoin.Tests.Workers;

public sealed class PageSamplesTests
{
    private const string One =
        """
        # HELP a_total Things "done".
        # TYPE a_total counter
        a_total{x="a b"} 3
        a_total{x="c"} 1
        # HELP b_seconds Time.
        # TYPE b_seconds histogram
        b_seconds_bucket{le="0.5"} 2
        b_seconds_bucket{le="+Inf"} 3
        b_seconds_sum 1.25
        b_seconds_count 3
        # HELP c_state State.
        # TYPE c_state gauge
        c_state 2
        # HELP process_start_time_seconds Start.
        # TYPE process_start_time_seconds gauge
        process_start_time_seconds 200.5
        # HELP z Now.
        # TYPE z gauge
        z 4

        """;

    private const string Other =
        """
        # HELP a_total Things "done".
        # TYPE a_total counter
        a_total{x="a b"} 4
        # HELP b_seconds Time.
        # TYPE b_seconds histogram
        b_seconds_bucket{le="0.5"} 1
        b_seconds_bucket{le="+Inf"} 1
        b_seconds_sum 0.25
        b_seconds_count 1
        # HELP c_state State.
        # TYPE c_state gauge
        c_state 1
        # HELP process_start_time_seconds Start.
        # TYPE process_start_time_seconds gauge
        process_start_time_seconds 100.5
        # HELP z Now.
        # TYPE z gauge
        z 5

        """;

    [Fact]
    public void Counts_add_up_states_tell_the_greatest_and_starts_the_least()
    {
        var text = Merge(openMetrics: false, (One, false), (Other, false));
        Assert.Contains("a_total{x=\"a b\"} 7\na_total{x=\"c\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "b_seconds_bucket{le=\"0.5\"} 3\nb_seconds_bucket{le=\"+Inf\"} 4\nb_seconds_sum 1.5\nb_seconds_count 4\n",
            text, StringComparison.Ordinal);
        Assert.Contains("\nc_state 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\nprocess_start_time_seconds 100.5\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\nz 9\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_process_counted_stays_when_it_has_ended_and_what_it_measured_does_not()
    {
        var text = Merge(openMetrics: false, (One, true), (Other, false));
        Assert.Contains("a_total{x=\"a b\"} 7\n", text, StringComparison.Ordinal);
        Assert.Contains("\nc_state 1\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\nz 5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_one_page_comes_the_same_page() =>
        Assert.Equal(One, Merge(openMetrics: false, (One, false)));

    [Fact]
    public void OpenMetrics_has_its_names_units_escapes_and_end()
    {
        var text = Merge(openMetrics: true, (One, false));
        Assert.StartsWith(
            "# HELP a Things \\\"done\\\".\n# TYPE a counter\na_total{x=\"a b\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE b_seconds histogram\n# UNIT b_seconds seconds\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
    }

    private static string Merge(bool openMetrics, params (string Page, bool Gone)[] pages)
    {
        var all = new PageSamples();
        foreach (var (page, gone) in pages)
        {
            all.Add(PageSamples.Read(Encoding.UTF8.GetBytes(page)), gone);
        }

        var text = new StringBuilder();
        all.Write(text, openMetrics);
        return text.ToString();
    }
}
