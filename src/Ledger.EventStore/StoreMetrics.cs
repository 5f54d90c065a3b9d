using System.Diagnostics.Metrics;

namespace Ledger.EventStore;

/// <summary>What the store measures, on the meter <c>Ledger.EventStore</c>.</summary>
internal sealed class StoreMetrics : IDisposable
{
    private readonly Meter meter = new("Ledger.EventStore");
    private readonly Histogram<int> batchSize;
    private readonly Histogram<double> commitTime;
    private readonly Counter<long> events;
    private readonly Counter<long> overloaded;
    private readonly Counter<long> retried;

    public StoreMetrics(Func<int> queueDepth)
    {
        batchSize = meter.CreateHistogram<int>("ledger.commit.batch_size", "{group}", "Groups of works committed together.");
        commitTime = meter.CreateHistogram<double>("ledger.commit.duration", "s", "Time from the load of a batch to its commit.");
        events = meter.CreateCounter<long>("ledger.events.appended", "{event}", "Events appended.");
        overloaded = meter.CreateCounter<long>("ledger.queue.refused", "{work}", "Works refused because the queue was full.");
        retried = meter.CreateCounter<long>("ledger.commit.retried", "{batch}", "Batches decided again after a broken transaction.");
        meter.CreateObservableGauge("ledger.queue.depth", queueDepth, "{work}", "Works that wait for the writer.");
    }

    public void Committed(int groups, int appended, TimeSpan took)
    {
        batchSize.Record(groups);
        commitTime.Record(took.TotalSeconds);
        events.Add(appended);
    }

    public void Overloaded() => overloaded.Add(1);

    public void Retried() => retried.Add(1);

    public void Dispose() => meter.Dispose();
}
