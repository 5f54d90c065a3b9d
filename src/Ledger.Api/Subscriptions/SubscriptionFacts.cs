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
                ? await OfInvoiceAsync(tenant, id, account, plan, invoice, known, cancellationToken)
                : new ApplySubscriptionFact { Subscription = id, Account = account, PlanId = plan, Fact = (SubscriptionTold)fact, Tenant = tenant };
            // Where the reference leads elsewhere by now, another notification was first: it is looked for again.
            if (await hallway.TrySendAsync(tenant, command, meta, fingerprint, dryRun, refs: [reference], cancellationToken: cancellationToken) is { } result) return OutcomeOf(result, id, known is not null, fact, (command as ApplyInvoiceFact)?.Known?.Value);
            if (looks == LooksMax) return new FactOutcome.NotNow("The subscription changes faster than it can be looked at.");
        }
    }

    /// <summary>With the payment that the invoice is: by its own reference, by what paid it, else the one that it opens.</summary>
    private async Task<ApplyInvoiceFact> OfInvoiceAsync(string tenant, SubscriptionId id, AccountId account, string? plan, InvoiceTold invoice, Subscription? known, CancellationToken cancellationToken)
    {
        var own = Payment.RefName(invoice.Provider, invoice.InvoiceId);
        var led = await PaymentRefs.LedToAsync(reader, tenant, [own, .. invoice.Refs.Leading.Select(reference => Payment.RefName(invoice.Provider, reference))], cancellationToken);
        return new ApplyInvoiceFact
        {
            Subscription = id,
            Account = account,
            PlanId = plan,
            Fact = invoice,
            Tenant = tenant,
            Payment = PaymentRefs.IdOfReported(tenant, own),
            Known = led,
            Checkout = known?.Checkout,
            IsGranted = known is { GrantedPeriod: > 0 } && known.PaidInvoice != invoice.InvoiceId && (led is null || led == known.Checkout) && await IsGrantedAsync(tenant, id, invoice.InvoiceId, cancellationToken),
        };
    }

    /// <summary>Whether a period was granted for an invoice that is not the last one.</summary>
    private async Task<bool> IsGrantedAsync(string tenant, SubscriptionId id, string invoice, CancellationToken cancellationToken)
    {
        const int PageMax = 500;
        for (var from = 1L; ;)
        {
            var page = await reader.EventsAsync(SubscriptionModel.StreamOf(tenant, id), from, PageMax, cancellationToken);
            if (page.Any(stored => stored.Data is PeriodGranted granted && granted.Invoice == invoice)) return true;
            if (page.Count < PageMax) return false;
            from = page[^1].Version + 1;
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

    private static FactOutcome OutcomeOf(SubscriptionResult result, SubscriptionId id, bool isKnown, ProviderFact fact, string? payment)
    {
        if (result.Problem is { } problem) return problem.Type.Status >= 500 ? new FactOutcome.NotNow(problem.Detail) : new FactOutcome.Refused(problem.Detail);
        if (result.Unwritten is var (decision, draft))
        {
            return decision switch
            {
                // What an invoice is for may stand in the lines that were not told: its provider has them.
                SubscriptionDecision.Waits waits => new FactOutcome.Waits(waits.Why) { IsUnknown = fact is InvoiceTold { HasMoreLines: true } },
                SubscriptionDecision.Nothing nothing => new FactOutcome.Unchanged(payment, nothing.Why) { Subscription = isKnown ? id.Value : null },
                _ when draft.IsEmpty => new FactOutcome.Unchanged(payment, "all of it is known") { Subscription = isKnown ? id.Value : null },
                _ => Applied(id, draft.Beside.Where(stream => stream.Kind == PaymentModel.StreamKind).Select(stream => stream.Id).FirstOrDefault() ?? payment, draft.Beside.SelectMany(stream => stream.Events).Concat(draft.AccountEvents)),
            };
        }

        return result.Events.Count == 0 ? new FactOutcome.Unchanged(payment, "it was applied before") { Subscription = id.Value } : Applied(id, result.Events.Where(stored => stored.Data is PaymentEvent).Select(stored => PaymentModel.PaymentOf(stored.Stream).Value).FirstOrDefault() ?? payment, result.Events.Select(stored => stored.Data));
    }

    // With the payment of the invoice: by it the notification is found, and its text erased.
    private static FactOutcome.Applied Applied(SubscriptionId id, string? payment, IEnumerable<object> events) => new(payment, [.. events.Select(EventJson.Catalog.NameOf)]) { Subscription = id.Value };
}
