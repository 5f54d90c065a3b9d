using System.Globalization;
using System.Text.Json;
using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>What leaves of subscriptions: the announced end of a trial, topic <c>subscription.trial_ending</c>.</summary>
internal static class SubscriptionMessages
{
    /// <summary>The message of an event; null for one that tells nobody.</summary>
    public static OutboxMessage? Of(StoredEvent happened) => happened.Data is not TrialEndAnnounced e ? null : new OutboxMessage(
        "subscription.trial_ending",
        string.Create(CultureInfo.InvariantCulture, $"{happened.Stream.Id}@{happened.Version}"),
        JsonSerializer.Serialize(new TrialEnding(SubscriptionModel.SubscriptionOf(happened.Stream), e.End, happened.RecordedAt), EventJson.Catalog.Json));

    private sealed record TrialEnding(SubscriptionId SubscriptionId, DateTimeOffset TrialEnd, DateTimeOffset AnnouncedAt);
}
