using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ledger.Api.Http;

namespace Ledger.Api.Webhooks;

/// <summary>What the inbox measures.</summary>
internal static class InboxMetrics
{
    private static readonly Meter Meter = new("Ledger.Webhooks");
    private static readonly Counter<long> Came = Meter.CreateCounter<long>("ledger.webhooks.received", "{delivery}", "Notifications that came in, by what was answered.");
    private static readonly Counter<long> Done = Meter.CreateCounter<long>("ledger.webhooks.settled", "{delivery}", "Attempts to apply a notification, by what became of it.");
    private static readonly Histogram<double> Lag = Meter.CreateHistogram<double>("ledger.webhooks.lag", "s", "Time from the receipt of a notification, or the start of its replay, until it was settled.");
    private static readonly Gauge<long> Open = Meter.CreateGauge<long>("ledger.webhooks.open", "{delivery}", "Notifications that are not settled, by status.");
    private static readonly Gauge<double> Oldest = Meter.CreateGauge<double>("ledger.webhooks.oldest", "s", "Age of the oldest notification that is not settled, by status; 0 where there is none.");

    /// <summary>One came in.</summary>
    /// <param name="provider">Whose.</param>
    /// <param name="answer">stored, repeated, or why it was refused.</param>
    public static void Received(string provider, string answer) => Came.Add(1, new TagList { { "provider", provider }, { "answer", answer } });

    /// <summary>One was tried.</summary>
    public static void Tried(Delivery delivery, DeliveryStatus status, DateTimeOffset now)
    {
        Done.Add(1, new TagList { { "provider", delivery.Provider }, { "status", Words.Of(status) } });
        if (status is DeliveryStatus.Applied or DeliveryStatus.Ignored) Lag.Record(Math.Max(0, (now - delivery.BegunAt).TotalSeconds), new KeyValuePair<string, object?>("provider", delivery.Provider));
    }

    /// <summary>How many are open, and how old the oldest is.</summary>
    public static void Measure(IReadOnlyList<(string Status, long Count, double OldestSeconds)> open)
    {
        foreach (var status in new[] { DeliveryStatus.Received, DeliveryStatus.Waiting })
        {
            var (_, count, oldest) = open.FirstOrDefault(o => o.Status == Words.Of(status));
            Open.Record(count, new KeyValuePair<string, object?>("status", Words.Of(status)));
            Oldest.Record(oldest, new KeyValuePair<string, object?>("status", Words.Of(status)));
        }
    }
}
