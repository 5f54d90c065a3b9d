using System.Collections.Immutable;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Subscriptions;

/// <summary>What was seen of a subscription before its command was sent: what the command has to have loaded. It is looked at again under the lock.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="Account">Its account, or the one that the command names; null where neither is known.</param>
/// <param name="Refs">References that a fact brings, as <see cref="SubscriptionModel.RefName"/> has them.</param>
/// <param name="Invoices">Invoices of its periods that the command may write or pay.</param>
internal sealed record SubscriptionLook(SubscriptionId Subscription, AccountId? Account, ImmutableArray<string> Refs, ImmutableArray<InvoiceId> Invoices);

/// <summary>The subscription is another one by now than it was when it was looked at: look again.</summary>
internal sealed record LookAgain;

/// <summary>A command on a subscription, its account, its place and its invoices, on its way through the store: one commit for all of it.</summary>
internal sealed class SubscriptionWork(SubscriptionCommand command, SubscriptionLook look, BillingPolicy policy) : Work
{
    /// <summary>Whether it is only asked what would happen: then nothing is written, and what was decided is the refusal.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether its key is used up where nothing had to change: a client's is, what a provider told is looked at again.</summary>
    public bool AnswersNothing { get; init; }

    private StreamRef Own => SubscriptionModel.StreamOf(Tenant, look.Subscription);

    private StreamRef? Plan => command.PlanId is { } plan ? CatalogModel.StreamOf(Tenant, ItemKind.Plan, plan) : null;

    private BillingLoad Load => new(Tenant, look.Account, policy)
    {
        Subscription = look.Subscription,
        Invoices = [.. look.Invoices, .. command.Payments.Select(InvoiceId.Of)],
        Payments = command.Payments,
        PaymentRefs = command.PaymentRefs,
    };

    public override void Name(Needs needs)
    {
        needs.Stream(Own);
        foreach (var reference in look.Refs) needs.Fact(SubscriptionModel.RefOf(Tenant, reference));
        if (Plan is { } plan) needs.Stream(plan);
        Load.Name(needs);
    }

    public override void NameMore(IDecisionContext loaded, Needs needs)
    {
        if (look.Account is not null) Load.NameMore(loaded, needs);
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var own = (Subscription)context.State(Own);
        if (own.Exists && own.Account != look.Account) return Verdict.Refuse(new LookAgain());
        foreach (var reference in look.Refs)
        {
            if (context.Fact(SubscriptionModel.RefOf(Tenant, reference)) is { } led && SubscriptionModel.LedTo(led) != look.Subscription) return Verdict.Refuse(new LookAgain());
        }

        if (look.Account is null) return Verdict.Refuse(new AccountRefusal(new SubscriptionNotFound(look.Subscription), null));
        var load = Load;
        var now = context.NowFor([Own, .. load.Streams(context)]);
        if (load.LacksInvoices(context, now) || load.LacksPayment(context) || command is ApplyInvoiceFact { Checkout: var page } && own.Exists && own.Checkout != page) return Verdict.Refuse(new LookAgain());
        var draft = new BillingDraft(load.Read(context), now);
        var decision = command.Decide(draft, Plan is { } plan ? CatalogModel.Of(context.State(plan)) : null);
        if (DryRun) return Verdict.Refuse(new WouldBe(decision, draft));
        if (decision is SubscriptionDecision.Refused refused) return Verdict.Refuse(new AccountRefusal(refused.Refusal, draft.Account is { Exists: true } account ? account.Status : null));
        if (decision is not SubscriptionDecision.Accepted || draft.IsEmpty)
        {
            return decision is not SubscriptionDecision.Waits && AnswersNothing && own.Exists ? Verdict.Accept([], Own, own.Version, AnswerKind.Unchanged) : Verdict.Refuse(new WouldBe(decision, draft));
        }

        var appends = new List<Append>(4);
        if (!draft.AccountEvents.IsEmpty) appends.Add(new Append(AccountModel.StreamOf(Tenant, look.Account.Value), draft.AccountEvents));
        appends.AddRange(load.Appends(draft.Beside));
        // News of an invoice may change its payment alone: then that answers.
        if (draft.Find(look.Subscription).Version == own.Version && appends.FirstOrDefault(append => PaymentModel.Is(append.Stream)) is { Stream: var paid, Events: { } happened }) return Verdict.Accept(appends, paid, context.Version(paid) + happened.Count);
        return Verdict.Accept(appends, Own, draft.Find(look.Subscription).Version);
    }
}

/// <summary>What was decided where nothing was written: a dry run, nothing to do, or something that waits.</summary>
/// <param name="Decision">What was decided.</param>
/// <param name="Draft">With what would have happened.</param>
internal sealed record WouldBe(SubscriptionDecision Decision, BillingDraft Draft);
