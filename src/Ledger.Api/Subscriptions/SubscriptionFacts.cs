using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Payments;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>The way of what providers tell of subscriptions and their invoices: each finds its subscription, by its reference, by our mark, or as one that begins with it.</summary>
internal sealed class SubscriptionFacts(SubscriptionHallway hallway, CatalogEndpoints catalog, EventReader reader)
{
    private const int LooksMax = 8;

    /// <summary>Applies a fact, once. It is safe to send twice.</summary>
    /// <param name="tenant">The tenant that it came for.</param>
    /// <param name="key">What names it; the key that is kept is made of it and of what was told.</param>
    /// <param name="fact">A <see cref="SubscriptionTold"/> or an <see cref="InvoiceTold"/>.</param>
    /// <param name="dryRun">Whether it is only asked what would happen.</param>
    /// <param name="cancellationToken">Ends the look; what was sent goes on.</param>
    public async Task<FactOutcome> ApplyAsync(string tenant, string key, ProviderFact fact, bool dryRun, CancellationToken cancellationToken)
    {
        if (fact.Marks.Tenant is { } marked && marked != tenant) return new FactOutcome.Refused($"It is marked for the tenant {marked}, and came for {tenant}.");
        if (((fact as SubscriptionTold)?.SubscriptionId ?? fact.Refs.SubscriptionId) is not { } told) return new FactOutcome.Unchanged(null, "it is about no subscription");
        var fingerprint = Fingerprint.Of("fact", key, (object)fact);
        var meta = new EventMeta(null, PaymentHallway.KeyOf($"{key}/{fingerprint:x32}"), "provider:" + fact.Provider);
        var reference = SubscriptionModel.RefName(fact.Provider, told);
        for (var looks = 1; ; looks++)
        {
            var id = await hallway.LedToAsync(tenant, reference, cancellationToken) ?? await MarkedAsync(tenant, fact.Marks.Payment, cancellationToken) ?? SubscriptionId.Of(PaymentHallway.Hash($"told\n{tenant}\n{reference}"));
            var known = await hallway.FindAsync(tenant, id, cancellationToken);
            var account = known?.Account ?? (AccountId.TryParse(fact.Marks.Account, out var named) ? named : default);
            if (account == default) return new FactOutcome.Unchanged(null, "it is about no subscription of this ledger");
            var plan = await PlanAsync(tenant, fact, known, cancellationToken);
            SubscriptionCommand command = fact is InvoiceTold invoice
                ? new ApplyInvoiceFact { Subscription = id, Account = account, PlanId = plan, Fact = invoice, Tenant = tenant }
                : new ApplySubscriptionFact { Subscription = id, Account = account, PlanId = plan, Fact = (SubscriptionTold)fact, Tenant = tenant };
            // Where the reference leads elsewhere by now, another notification was first: it is looked for again.
            if (await hallway.TrySendAsync(tenant, command, meta, fingerprint, dryRun, refs: [reference], cancellationToken: cancellationToken) is { } result) return OutcomeOf(result, id, known is not null);
            if (looks == LooksMax) return new FactOutcome.NotNow("The subscription changes faster than it can be looked at.");
        }
    }

    /// <summary>The subscription of the checkout that is written on the object.</summary>
    private async Task<SubscriptionId?> MarkedAsync(string tenant, string? mark, CancellationToken cancellationToken)
    {
        if (!PaymentId.TryParse(mark, out var payment)) return null;
        return (await reader.StateAsync(PaymentModel.StreamOf(tenant, payment), cancellationToken))?.State is Payment { Subscription: { } subscription } ? subscription : SubscriptionId.Of(payment);
    }

    /// <summary>The plan that the provider's price leads to, where it is not the one that is pinned.</summary>
    private async Task<string?> PlanAsync(string tenant, ProviderFact fact, Subscription? known, CancellationToken cancellationToken)
    {
        var price = fact switch
        {
            SubscriptionTold told => told.Items.Select(item => item.PriceId).FirstOrDefault(one => one is not null),
            InvoiceTold invoice => invoice.Lines.Where(line => !line.IsProration).Select(line => line.PriceId).FirstOrDefault(one => one is not null),
            _ => null,
        };
        if (price is null || known?.Plan.Terms.PriceAt(fact.Provider) == price) return null;
        var plans = await catalog.PlansAsync(tenant, cancellationToken);
        return plans.Where(item => item.Entry is Plan plan && plan.PriceAt(fact.Provider) == price).OrderBy(item => item.IsArchived).Select(item => item.Id).FirstOrDefault();
    }

    private static FactOutcome OutcomeOf(SubscriptionResult result, SubscriptionId id, bool isKnown)
    {
        if (result.Problem is { } problem) return problem.Type.Status >= 500 ? new FactOutcome.NotNow(problem.Detail) : new FactOutcome.Refused(problem.Detail);
        if (result.Unwritten is var (decision, draft))
        {
            return decision switch
            {
                SubscriptionDecision.Waits waits => new FactOutcome.Waits(waits.Why),
                SubscriptionDecision.Nothing nothing => new FactOutcome.Unchanged(null, nothing.Why) { Subscription = isKnown ? id.Value : null },
                _ when draft.IsEmpty => new FactOutcome.Unchanged(null, "all of it is known") { Subscription = isKnown ? id.Value : null },
                _ => Applied(id, draft.Beside.SelectMany(stream => stream.Events).Concat(draft.AccountEvents)),
            };
        }

        return result.Subscription is null ? new FactOutcome.Unchanged(null, "it was applied before") { Subscription = id.Value } : Applied(id, result.Events.Select(stored => stored.Data));
    }

    private static FactOutcome.Applied Applied(SubscriptionId id, IEnumerable<object> events) => new(null, [.. events.Select(EventJson.Catalog.NameOf)]) { Subscription = id.Value };
}
