using Ledger.Api.Billing;
using Ledger.Api.Maintenance;
using Ledger.Domain.Billing;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>Settles what time does to subscriptions, then tells providers what they have yet to be told.</summary>
internal sealed class SubscriptionDue(SubscriptionHallway hallway, SubscriptionCalls calls) : IDueKind
{
    private static readonly EventMeta Meta = new(null, null, "maintenance");
    private static readonly TimeSpan NoPlace = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Kind => BillingDraft.SubscriptionKind;

    /// <inheritdoc/>
    public int AtOnceMax => 128;

    /// <inheritdoc/>
    public int OfTenantMax => AtOnceMax * 3 / 4;

    /// <inheritdoc/>
    public TimeSpan Lease => TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public bool SettlesTime => true;

    /// <inheritdoc/>
    public async Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping)
    {
        var id = SubscriptionModel.SubscriptionOf(claim.Stream);
        var settled = await hallway.SendAsync(claim.Stream.Tenant, new SettleSubscription { Subscription = id, Account = default }, Meta, bulk: true, cancellationToken: stopping);
        if (settled.Problem is not null) return Settled.Failed();
        // What is left after many steps is due again at once; a call waits for its own turn.
        if (settled.Events.Count > 0) return new Settled(settled.Events) { TrialEnded = settled is { Before.Status: SubscriptionStatus.Trialing, Subscription.Status: not SubscriptionStatus.Trialing } };
        if (!mayCall) return Settled.Later(NoPlace);
        return await calls.TryAsync(claim, stopping) ? Settled.Nothing : Settled.Later(NoPlace);
    }
}
