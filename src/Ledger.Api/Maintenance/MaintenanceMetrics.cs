using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Ledger.Api.Maintenance;

/// <summary>What maintenance measures.</summary>
internal static class MaintenanceMetrics
{
    private static readonly Meter Meter = new("Ledger.Maintenance");
    private static readonly Counter<long> Done = Meter.CreateCounter<long>("ledger.maintenance.settled", "{stream}", "Streams on which what was due was done, by kind and outcome.");
    private static readonly Counter<long> Happened = Meter.CreateCounter<long>("ledger.maintenance.events", "{event}", "What happened on them, by the kind of event.");
    private static readonly Gauge<long> Open = Meter.CreateGauge<long>("ledger.maintenance.due", "{stream}", "Streams on which something is due and not done, by kind.");
    private static readonly Gauge<double> Oldest = Meter.CreateGauge<double>("ledger.maintenance.oldest", "s", "For how long the oldest of them has been due, by business time; 0 where there is none.");

    /// <summary>One was done, or tried.</summary>
    public static void Settled(string kind, Settled settled)
    {
        Done.Add(1, new TagList { { "kind", kind }, { "outcome", settled.HasFailed ? "failed" : settled.LeaveAlone is null ? "done" : "later" } });
        foreach (var stored in settled.Events) Happened.Add(1, new TagList { { "event", stored.Type } });
    }

    /// <summary>How much is due.</summary>
    /// <param name="kinds">Every kind that may have something due.</param>
    /// <param name="lags">Those that have.</param>
    public static void Measure(IEnumerable<string> kinds, IReadOnlyList<DueLag> lags)
    {
        foreach (var kind in kinds)
        {
            var lag = lags.FirstOrDefault(l => l.Kind == kind);
            Open.Record(lag?.Count ?? 0, new KeyValuePair<string, object?>("kind", kind));
            Oldest.Record(lag?.OldestSeconds ?? 0, new KeyValuePair<string, object?>("kind", kind));
        }
    }
}
