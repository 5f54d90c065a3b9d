using Ledger.Api.Billing;
using Ledger.Api.Catalog;
using Ledger.Api.Commands;
using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>What was looked up, or loaded, for a command on quotas is not what holds by now: look again.</summary>
internal sealed record QuotasMoved;

/// <summary>A command on quotas on its way through the store: the quotas, the account, its live subscription and, where a top-up may begin or end, payments and the package. One commit for all of it.</summary>
internal sealed class QuotaWork(QuotaCommand command, BillingPolicy policy) : Work
{
    // What the first load led to. Works before this one in the batch may lead elsewhere; then it is looked at again.
    private Led led;

    private readonly record struct Led(SubscriptionId? Live, SubscriptionId? Ended, PaymentId? Last, PaymentId? Next, string? Package, ValueList<PaymentId> Vain);

    private StreamRef Own => QuotaModel.StreamOf(Tenant, command.Account);

    private StreamRef AccountStream => AccountModel.StreamOf(Tenant, command.Account);

    private StreamRef Place => SubscriberModel.StreamOf(Tenant, command.Account);

    public override void Name(Needs needs)
    {
        needs.Stream(Own);
        needs.Stream(AccountStream);
        needs.Stream(Place);
    }

    public override void NameMore(IDecisionContext loaded, Needs needs)
    {
        led = LeadsTo(loaded);
        foreach (var stream in LedStreams()) needs.Stream(stream);
        if (led.Package is { } package) needs.Stream(CatalogModel.StreamOf(Tenant, ItemKind.Package, package));
    }

    public override Verdict Decide(IDecisionContext context)
    {
        if (LeadsTo(context) != led) return Verdict.Refuse(new QuotasMoved());
        var account = (Account)context.State(AccountStream);
        var now = NowOf(context);
        var (standing, over) = SubscriptionAt.Both(Subscription(led.Live), Subscription(led.Ended), new BillingStates { Account = account, Subscriber = (Subscriber)context.State(Place), Policy = policy }, now);
        Subscription? Subscription(SubscriptionId? id) => id is { } one ? (Subscription)context.State(SubscriptionModel.StreamOf(Tenant, one)) : null;
        var states = new QuotaStates
        {
            Quota = (Quota)context.State(Own),
            Account = account,
            Live = standing,
            SubscriptionDueSince = Subscription(led.Live)?.NextStepAt is { } due && due <= now ? due : null,
            Ended = over,
            Last = led.Last is { } last ? (Payment)context.State(PaymentModel.StreamOf(Tenant, last)) : null,
            Vain = [.. ((IEnumerable<PaymentId>)led.Vain).Select(id => (Payment)context.State(PaymentModel.StreamOf(Tenant, id)))],
            Next = led.Next ?? default,
            Package = led.Package is { } package ? CatalogModel.Of(context.State(CatalogModel.StreamOf(Tenant, ItemKind.Package, package))) : null,
        };
        switch (command.Decide(states, now))
        {
            case QuotaDecision.Refused refused:
                return Verdict.Refuse(new AccountRefusal(refused.Refusal, account.Exists ? account.Status : null));
            case QuotaDecision.Accepted { Quota.IsEmpty: true, Account.IsEmpty: true }:
                return Verdict.Accept([], Own, context.Version(Own), AnswerKind.Unchanged);
            case QuotaDecision.Accepted accepted:
                var appends = new List<Append>(3);
                if (!accepted.Quota.IsEmpty) appends.Add(new Append(Own, accepted.Quota));
                if (!accepted.Account.IsEmpty) appends.Add(new Append(AccountStream, accepted.Account));
                if (!accepted.Payment.IsEmpty) appends.Add(new Append(PaymentModel.StreamOf(Tenant, led.Next!.Value), accepted.Payment));
                if (!accepted.CalledOff.IsEmpty) appends.Add(new Append(PaymentModel.StreamOf(Tenant, led.Last!.Value), accepted.CalledOff));
                // The first event answers: what was posted. What follows of it stands behind.
                return Verdict.Accept(appends, Own, context.Version(Own) + (accepted.Quota.IsEmpty ? 0 : 1), accepted.Quota.IsEmpty ? AnswerKind.Unchanged : AnswerKind.Done);
            default:
                return Verdict.Refuse(new QuotasMoved());
        }
    }

    // What is only looked at is judged by time too: that must not be before what has happened to it.
    private DateTimeOffset NowOf(IDecisionContext context) => context.NowFor([Own, AccountStream, Place, .. LedStreams()]);

    private IEnumerable<StreamRef> LedStreams()
    {
        if (led.Live is { } live) yield return SubscriptionModel.StreamOf(Tenant, live);
        if (led.Ended is { } ended) yield return SubscriptionModel.StreamOf(Tenant, ended);
        if (led.Last is { } last) yield return PaymentModel.StreamOf(Tenant, last);
        if (led.Next is { } next) yield return PaymentModel.StreamOf(Tenant, next);
        foreach (var vain in (IEnumerable<PaymentId>)led.Vain) yield return PaymentModel.StreamOf(Tenant, vain);
    }

    private Led LeadsTo(IDecisionContext context)
    {
        var place = (Subscriber)context.State(Place);
        var (live, ended) = (place.Live, place.Live is null ? place.Last : null);
        if (!command.MayTopUp) return new Led(live, ended, null, null, null, []);
        var quota = (Quota)context.State(Own);
        return new Led(live, ended, quota.TopUp.Open ?? quota.TopUp.Last, QuotaModel.PaymentOf(Tenant, command.Account, quota.TopUp.Number + 1), command.Package ?? quota.AutoTopUp?.Package, quota.TopUp.Vain);
    }
}
