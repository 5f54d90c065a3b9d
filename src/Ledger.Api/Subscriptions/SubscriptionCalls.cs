using System.Globalization;
using Ledger.Api.Billing;
using Ledger.Api.Maintenance;
using Ledger.Api.Payments;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Ledger.Providers;

namespace Ledger.Api.Subscriptions;

/// <summary>
/// Tells providers what is wanted of subscriptions, one thing at a time and in order, by one node at a time, and sends back what came of it. The provider's key is made from the subscription's id and the version that wanted it, so that a call
/// that is repeated after a crash is the same call.
/// </summary>
internal sealed class SubscriptionCalls(SubscriptionHallway hallway, SubscriptionFacts facts, EventReader reader, ProviderDesk providers, DueDesk desk, ILogger<SubscriptionCalls> logger)
{
    /// <summary>At most so many calls at once on each node.</summary>
    public const int AtOnceMax = 16;

    /// <summary>At most so many of them for one tenant, so that one whose provider does not answer holds up no other.</summary>
    public const int OfTenantMax = 4;

    private const int ReasonMax = 500;

    // About eight minutes after the first one.
    private const int UnappliedTriesMax = 8;

    // Things that wait behind each other are told in one go, up to so many.
    private const int InOneGoMax = 8;

    private static readonly EventMeta Meta = new(null, null, "subscriptions");

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> underWay = new(StringComparer.Ordinal);

    /// <summary>Does all that is due now, where nobody else is at it: for the request that has just wanted it.</summary>
    public async Task DoDueAsync(string tenant, SubscriptionId id, CancellationToken cancellationToken)
    {
        if (await desk.TakeAsync(SubscriptionModel.StreamOf(tenant, id), KeptLease.Time, cancellationToken) is not { } claim) return;
        try
        {
            await using var lease = Hold(claim);
            await TellAsync(tenant, id, cancellationToken);
        }
        finally
        {
            await desk.GiveBackAsync([(claim, null)]);
        }
    }

    /// <summary>Does all that is due now on a subscription that this node has taken; false where there was no place for it.</summary>
    public async Task<bool> TryAsync(Claim claim, CancellationToken cancellationToken)
    {
        if (!TryEnter(claim.Stream.Tenant)) return false;
        try
        {
            if (!await desk.KeepAsync(claim, KeptLease.Time, cancellationToken)) return true;
            await using var lease = Hold(claim);
            await TellAsync(claim.Stream.Tenant, SubscriptionModel.SubscriptionOf(claim.Stream), cancellationToken);
            return true;
        }
        finally
        {
            Leave(claim.Stream.Tenant);
        }
    }

    private KeptLease Hold(Claim claim) => KeptLease.Hold(cancel => desk.KeepAsync(claim, KeptLease.Time, cancel), logger);

    private bool TryEnter(string tenant)
    {
        lock (gate)
        {
            if (underWay.Values.Sum() >= AtOnceMax || underWay.GetValueOrDefault(tenant) >= OfTenantMax) return false;
            underWay[tenant] = underWay.GetValueOrDefault(tenant) + 1;
            return true;
        }
    }

    private void Leave(string tenant)
    {
        lock (gate)
        {
            if (--underWay[tenant] == 0) underWay.Remove(tenant);
        }
    }

    private async Task TellAsync(string tenant, SubscriptionId id, CancellationToken cancellationToken)
    {
        for (var told = 0; told < InOneGoMax; told++)
        {
            if (await reader.StateAsync(SubscriptionModel.StreamOf(tenant, id), cancellationToken) is not { State: Subscription { Asking: { } action, NextCall: { } next } subscription, Now: var now } || next > now) return;
            if (!await TellAsync(tenant, subscription, action, now, cancellationToken)) return;
        }
    }

    /// <summary>Tells one thing; false where what came of it could not be kept, and it is told again later.</summary>
    private async Task<bool> TellAsync(string tenant, Subscription subscription, ProviderAction action, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var came = new RecordSubscriptionCall { Subscription = subscription.Id, Account = subscription.Account, Action = action.Version };
        try
        {
            // What comes too late is not asked for any more. It may have been, and its answer lost: then how it stands says so.
            var isLate = action.NotAfter <= now;
            if (await providers.OfAsync(tenant, subscription.Provider, cancellationToken) is not var (provider, settings))
            {
                came = isLate ? TooLate(came, subscription) : came with { Reason = $"The tenant has not set up {subscription.Provider}." };
            }
            else if (subscription.Refs.SubscriptionId is null)
            {
                came = isLate ? TooLate(came, subscription) : came with { Reason = $"{subscription.Provider} has not told yet what it calls it." };
            }
            else
            {
                var n = 0;
                foreach (var fact in await AskAsync(provider, settings, OrderOf(tenant, subscription, action), isLate ? ProviderActionKind.Ask : action.Kind, cancellationToken))
                {
                    var outcome = await facts.ApplyAsync(tenant, string.Create(CultureInfo.InvariantCulture, $"call/{subscription.Id}/{action.Version}/{n++}"), fact, false, cancellationToken);
                    if (outcome.NotApplied is not { } why) continue;
                    // It is told again: the same key gives the same answer. What can't be applied for long must not hold up what is to be told after it.
                    logger.LogWarning("What the provider answered about {Subscription} was not applied: {Outcome}", subscription.Id, outcome);
                    came = came with { Reason = Cut("What the provider answered was not applied. " + why), IsFinal = outcome is not FactOutcome.NotNow && subscription.Tries >= UnappliedTriesMax };
                }

                if (isLate && came.Reason is null && await hallway.FindAsync(tenant, subscription.Id, cancellationToken) is { ChangesLength: true }) came = TooLate(came, subscription);
            }
        }
        catch (ProviderException failure)
        {
            logger.LogWarning(failure, "The call {Call} of subscription {Subscription} failed ({Fault}).", action.Kind, subscription.Id, failure.Fault);
            came = came with { Reason = Cut(failure.Message), IsFinal = failure.Fault is ProviderFault.Refused or ProviderFault.NotFound };
        }

        var result = await hallway.SendAsync(tenant, came, Meta, cancellationToken: CancellationToken.None);
        if (result.Problem is { } problem) logger.LogWarning("What came of a call of subscription {Subscription} could not be kept, and is told again: {Detail}", subscription.Id, problem.Detail);
        return result.Problem is null;
    }

    private static RecordSubscriptionCall TooLate(RecordSubscriptionCall came, Subscription subscription) =>
        came with { Reason = $"The period ended before {subscription.Provider} had done the change. It is asked for it before the next one ends.", IsFinal = true };

    private static Task<System.Collections.Immutable.ImmutableArray<ProviderFact>> AskAsync(IPaymentProvider provider, ProviderSettings settings, SubscriptionOrder order, ProviderActionKind kind, CancellationToken cancellationToken) => kind switch
    {
        ProviderActionKind.Change => provider.ChangeSubscriptionAsync(settings, order, cancellationToken),
        ProviderActionKind.Pause => provider.PauseSubscriptionAsync(settings, order, cancellationToken),
        ProviderActionKind.Ask => provider.AskAsync(settings, new ProviderRefs { SubscriptionId = order.SubscriptionId }, cancellationToken),
        ProviderActionKind.Resume => provider.ResumeSubscriptionAsync(settings, order, cancellationToken),
        _ => provider.CancelSubscriptionAsync(settings, order, cancellationToken),
    };

    private static SubscriptionOrder OrderOf(string tenant, Subscription subscription, ProviderAction action) => new()
    {
        Tenant = tenant,
        Account = subscription.Account.Value,
        Key = string.Create(CultureInfo.InvariantCulture, $"{subscription.Id}-{action.Version}"),
        SubscriptionId = subscription.Refs.SubscriptionId!,
        ItemId = subscription.Refs.ItemId,
        PriceId = action.PriceId,
        Seats = QuantityOf(subscription, action),
        Prorate = action.Prorate,
        End = action.Kind switch { ProviderActionKind.CancelNow => SubscriptionEnd.Now, ProviderActionKind.CancelAtPeriodEnd => SubscriptionEnd.PeriodEnd, _ => SubscriptionEnd.Never },
        Reason = subscription.CancelReason,
    };

    /// <summary>How many of its price the provider charges: the seats where each has its price, else one; null where a call is about something else.</summary>
    private static int? QuantityOf(Subscription subscription, ProviderAction action)
    {
        if (action.Kind != ProviderActionKind.Change) return null;
        var plan = action.Plan ?? (subscription.Scheduled is { } change && change.Plan.Terms.PriceAt(subscription.Provider) == action.PriceId ? change.Plan : subscription.Plan);
        return QuantityOf(plan.Terms, action.Seats);
    }

    /// <summary>How many of a plan's price a provider charges.</summary>
    internal static int QuantityOf(Plan plan, int? seats) => plan.Seats?.PricePerSeat is null ? 1 : Math.Max(1, seats ?? 1);

    private static string Cut(string text) => text.Length <= ReasonMax ? text : text[..ReasonMax];
}
