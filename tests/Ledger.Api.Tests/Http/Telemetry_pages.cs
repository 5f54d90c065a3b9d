using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Ledger.Api.Telemetry;

namespace Ledger.Api.Tests.Http;

public sealed partial class Telemetry_pages
{
    [Fact]
    public void show_counters_gauges_and_histograms_in_the_format_of_prometheus()
    {
        using var collector = new MetricsCollector();
        using var meter = new Meter("Ledger.Sample");
        using var other = new Meter("Ledgers");
        var name = "sample" + Guid.NewGuid().ToString("N");
        meter.CreateCounter<long>(name + ".done", description: "What\nis \\done.").Add(3, new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        var histogram = meter.CreateHistogram<double>(name + ".took", "s");
        foreach (var value in new[] { 0.001, 0.003, 0.3, 99 }) histogram.Record(value, new("route", "/x"), new("status", 200));
        meter.CreateObservableGauge(name + ".depth", () => 7);
        var up = meter.CreateUpDownCounter<int>(name + ".open");
        up.Add(5);
        up.Add(-2);
        var last = meter.CreateGauge<int>(name + ".last");
        last.Record(9);
        last.Record(4);
        other.CreateCounter<int>(name + ".foreign").Add(1);

        for (var twice = 0; twice < 2; twice++)
        {
            var page = collector.Page();
            var lines = page.Split('\n').Where(l => l.Contains(name, StringComparison.Ordinal)).Select(l => l.Replace(name, "x", StringComparison.Ordinal)).ToList();
            lines.ShouldContain("# HELP x_done_total What\\nis \\\\done.");
            lines.ShouldContain("# TYPE x_done_total counter");
            lines.ShouldContain("x_done_total{kind=\"a\\\"b\\\\c\\nd\"} 3");
            lines.ShouldContain("# TYPE x_took_seconds histogram");
            lines.ShouldContain("x_took_seconds_bucket{route=\"/x\",status=\"200\",le=\"0.001\"} 1");
            lines.ShouldContain("x_took_seconds_bucket{route=\"/x\",status=\"200\",le=\"0.005\"} 2");
            lines.ShouldContain("x_took_seconds_bucket{route=\"/x\",status=\"200\",le=\"10\"} 3");
            lines.ShouldContain("x_took_seconds_bucket{route=\"/x\",status=\"200\",le=\"+Inf\"} 4");
            lines.ShouldContain("x_took_seconds_count{route=\"/x\",status=\"200\"} 4");
            lines.ShouldContain("x_took_seconds_sum{route=\"/x\",status=\"200\"} 99.304");
            lines.ShouldContain("x_depth 7");
            lines.ShouldContain("x_open 3");
            lines.ShouldContain("x_last 4");
            page.ShouldNotContain("foreign");
            page.ShouldEndWith("\n");
            foreach (var line in page.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Format().IsMatch(line).ShouldBeTrue(line);
        }
    }

    [Fact]
    public async Task count_every_measurement_of_many_threads()
    {
        using var collector = new MetricsCollector();
        using var meter = new Meter("Ledger.Sample");
        var name = "threads" + Guid.NewGuid().ToString("N");
        var histogram = meter.CreateHistogram<double>(name, "s");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(t => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++) histogram.Record(0.25, new KeyValuePair<string, object?>("n", (i + t) % 20));
        })));
        var counts = collector.Page().Split('\n').Where(l => l.StartsWith(name + "_seconds_count", StringComparison.Ordinal)).Select(l => long.Parse(l.Split(' ')[^1], CultureInfo.InvariantCulture)).ToList();
        counts.Count.ShouldBe(20);
        counts.ShouldAllBe(c => c == 2_000);
    }

    [Fact]
    public void keep_no_more_series_than_the_limit()
    {
        using var collector = new MetricsCollector();
        using var meter = new Meter("Ledger.Sample");
        var name = "many" + Guid.NewGuid().ToString("N");
        var counter = meter.CreateCounter<int>(name);
        for (var i = 0; i < MetricsCollector.SeriesMax + 10; i++) counter.Add(1, new KeyValuePair<string, object?>("n", i));
        var lines = collector.Page().Split('\n').Where(l => l.StartsWith(name, StringComparison.Ordinal)).ToList();
        lines.Count.ShouldBe(MetricsCollector.SeriesMax + 1);
        lines.ShouldContain($"{name}_total 10");
    }

    [GeneratedRegex("""^(# HELP [a-z_:][a-z0-9_:]* .*|# TYPE [a-z_:][a-z0-9_:]* (counter|gauge|histogram)|[a-z_:][a-z0-9_:]*(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? -?[0-9.E+-]+)$""")]
    private static partial Regex Format();
}
