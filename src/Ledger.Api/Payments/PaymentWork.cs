using System.Collections.Immutable;
using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>What was seen of a payment before its command was sent: what the command has to have loaded. It is looked at again under the lock.</summary>
/// <param name="Payment">The payment.</param>
/// <param name="Account">Its account, or the one that the command names; null where neither is known.</param>
/// <param name="Purchase">The account's purchase that it was fulfilled with.</param>
/// <param name="Refs">References that a fact brings, as <see cref="Payment.RefName"/> has them.</param>
/// <param name="Item">What is to be bought.</param>
/// <param name="IsKnown">Whether there was such a payment.</param>
internal sealed record PaymentLook(PaymentId Payment, AccountId? Account, TransactionId? Purchase, ImmutableArray<string> Refs, (ItemKind Kind, string Id)? Item = null, bool IsKnown = false)
{
    /// <summary>The subscription that it opens or renews; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>Invoices of its periods that the command may write or pay.</summary>
    public ImmutableArray<InvoiceId> Invoices { get; init; } = [];

    /// <summary>What it was paid with, as far as that was told before.</summary>
    public MethodShown? Method { get; init; }

    /// <summary>The charge that it has learnt.</summary>
    public string? ChargeId { get; init; }
}

/// <summary>The payment is another one by now than it was when it was looked at: look again.</summary>
internal sealed record LookAgain;

/// <summary>A command on a payment, its account and what is sold, on its way through the store: one commit for all of it.</summary>
internal sealed class PaymentWork(PaymentCommand command, PaymentLook look, BillingPolicy policy) : Work
{
    /// <summary>Whether it is only asked what would happen: then nothing is written, and the decision is the refusal.</summary>
    public bool DryRun { get; init; }

    private StreamRef Own => PaymentModel.StreamOf(Tenant, look.Payment);

    private StreamRef? AccountStream => look.Account is { } account ? AccountModel.StreamOf(Tenant, account) : null;

    private MethodShownInNews? Shown => MethodShownInNews.Of(Tenant, look.Account, command, look.Method, look.ChargeId);

    private BillingLoad Load => new(Tenant, look.Account, policy)
    {
        Facts = PaymentPast.NamesOf(look.Payment, look.Purchase).Facts,
        Subscription = look.Subscription,
        Invoices = [InvoiceId.Of(look.Payment), .. look.Invoices],
    };

    public override void Name(Needs needs)
    {
        needs.Stream(Own);
        foreach (var reference in look.Refs) needs.Fact(PaymentModel.RefOf(Tenant, reference));
        if (look.Item is var (kind, id)) needs.Stream(CatalogModel.StreamOf(Tenant, kind, id));
        Shown?.NameNeeds(needs);
        Load.Name(needs);
    }

    public override void NameMore(IDecisionContext loaded, Needs needs)
    {
        if (look.Account is not null) Load.NameMore(loaded, needs);
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var payment = (Payment)context.State(Own);
        var refs = ImmutableDictionary.CreateBuilder<string, PaymentId>(StringComparer.Ordinal);
        foreach (var reference in look.Refs)
        {
            if (context.Fact(PaymentModel.RefOf(Tenant, reference)) is { } led) refs[reference] = PaymentModel.LedTo(led);
        }

        if (payment.Exists ? payment.Account != look.Account || payment.Purchase != look.Purchase || payment.Subscription != look.Subscription || payment.Method != look.Method || payment.Refs.ChargeId != look.ChargeId : refs.Values.Any(other => other != look.Payment)) return Verdict.Refuse(new LookAgain());
        var load = Load;
        var now = context.NowFor([Own, .. load.Streams(context), .. Shown is { Profile: var profile } ? [profile] : Array.Empty<StreamRef>()]);
        if (look.Subscription is not null && load.LacksInvoices(context, now)) return Verdict.Refuse(new LookAgain());
        var states = load.Read(context);
        var decision = command.WithItem(look.Item is var (kind, id) ? CatalogModel.Of(context.State(CatalogModel.StreamOf(Tenant, kind, id))) : null)
            .Decide(payment, states.Account, new PaymentPast(states.AccountFacts, refs.ToImmutable()) { Billing = states }, now);
        if (DryRun) return Verdict.Refuse(decision);
        switch (decision)
        {
            case PaymentDecision.Refused refused:
                return Verdict.Refuse(new AccountRefusal(refused.Refusal, states.Account is { Exists: true } account ? account.Status : null));
            case PaymentDecision.Accepted accepted:
                var appends = new List<Append>(2) { new(Own, accepted.Payment) };
                if (!accepted.Account.IsEmpty) appends.Add(new Append(AccountStream!.Value, accepted.Account));
                appends.AddRange(load.Appends(accepted.Beside));
                if (MethodShownInNews.IsKeptBy(accepted.After) && Shown?.Keep(context) is { } kept) appends.Add(kept);
                return Verdict.Accept(appends, Own, context.Version(Own) + accepted.Payment.Length);
            default:
                return Verdict.Refuse(decision);
        }
    }
}

/// <summary>A customer's link on its way through the store.</summary>
internal sealed class CustomerWork(LinkCustomer command) : Work
{
    private StreamRef Own => CustomerModel.StreamOf(Tenant, command.Provider, command.Account);

    private Ledger.EventStore.FactName Holder => CustomerModel.HolderFactOf(Tenant, command.Provider, command.CustomerId);

    public override void Name(Needs needs)
    {
        needs.Stream(Own);
        needs.Fact(Holder);
    }

    public override Verdict Decide(IDecisionContext context)
    {
        var decision = LinkCustomerHandler.Handle(command, (Customer)context.State(Own), CustomerModel.HolderOf(context.Fact(Holder)));
        if (decision.Refusal is { } refusal) return Verdict.Refuse(new AccountRefusal(refusal, null));
        return decision.Happened is { } happened
            ? Verdict.Accept([new Append(Own, [happened])], Own, context.Version(Own) + 1)
            : Verdict.Accept([], Own, context.Version(Own), AnswerKind.Unchanged);
    }
}
