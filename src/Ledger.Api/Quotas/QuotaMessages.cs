using System.Globalization;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>Alerts as they leave: topics <c>alert.low_balance</c> and <c>alert.quota</c>.</summary>
internal static class QuotaMessages
{
    /// <summary>The message of an event; null for one that tells nobody.</summary>
    public static OutboxMessage? Of(StoredEvent happened)
    {
        if (happened.Data is not AlertRaised e) return null;
        var metric = ShownAs(e.Metric);
        Credits Shown(Credits amount) => metric is null ? amount : Metrics.FromMetered(metric, amount);
        var alert = new Alert(
            QuotaModel.AccountOf(happened.Stream), happened.Version, e.Kind, metric, e.Percent, Shown(e.Threshold), Shown(e.Value), e.Limit is { } limit ? Shown(limit) : null, happened.RecordedAt);
        return new OutboxMessage($"alert.{Words.Of(e.Kind)}", string.Create(CultureInfo.InvariantCulture, $"{happened.Stream.Id}@{happened.Version}"), JsonSerializer.Serialize(alert, EventJson.Catalog.Json));
    }

    /// <summary>The name that people know a metered metric by: storage in the unit that its limits have.</summary>
    public static string? ShownAs(string? metric) => metric == Metrics.StorageBytes ? Metrics.StorageMb : metric;

    private sealed record Alert(AccountId AccountId, long Id, AlertKind Kind, string? Metric, int? Percent, Credits Threshold, Credits Value, Credits? Limit, DateTimeOffset RaisedAt);
}
