using System.Diagnostics.Metrics;

namespace Ledger.EventStore.Projections;

/// <summary>What the daemon measures, on the meter <c>Ledger.Projections</c>. Lag and parked streams are told by the leader alone.</summary>
internal sealed class ProjectionMetrics : IDisposable
{
    private readonly Meter meter = new("Ledger.Projections");
    private readonly Counter<long> applied;
    private readonly Counter<long> parked;
    private readonly Counter<long> failed;
    private readonly Histogram<double> duration;
    private readonly Histogram<int> batch;

    public ProjectionMetrics(Func<IEnumerable<(string Name, long Lag, int Parked)>> leads)
    {
        applied = meter.CreateCounter<long>("ledger.projection.events", "{event}", "Events applied by a projection.");
        parked = meter.CreateCounter<long>("ledger.projection.parkings", "{stream}", "Streams put aside by a projection.");
        failed = meter.CreateCounter<long>("ledger.projection.failures", "{batch}", "Batches of a projection that failed and were tried again.");
        duration = meter.CreateHistogram<double>("ledger.projection.batch.duration", "s", "Time from reading a page of events to the commit of its rows.");
        batch = meter.CreateHistogram<int>("ledger.projection.batch.size", "{event}", "Events of a page.");
        meter.CreateObservableGauge("ledger.projection.lag", () => leads().Select(l => new Measurement<long>(l.Lag, new KeyValuePair<string, object?>("projection", l.Name))), "{event}", "Committed events that a projection has not applied yet.");
        meter.CreateObservableGauge("ledger.projection.parked", () => leads().Select(l => new Measurement<int>(l.Parked, new KeyValuePair<string, object?>("projection", l.Name))), "{stream}", "Streams that a projection has put aside.");
    }

    public void Applied(string name, int events) => applied.Add(events, new KeyValuePair<string, object?>("projection", name));

    public void Parked(string name) => parked.Add(1, new KeyValuePair<string, object?>("projection", name));

    public void Failed(string name) => failed.Add(1, new KeyValuePair<string, object?>("projection", name));

    public void Committed(int events, TimeSpan took)
    {
        batch.Record(events);
        duration.Record(took.TotalSeconds);
    }

    public void Dispose() => meter.Dispose();
}
