using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

// What the workers do of this account: what is due, soon after it is due, or days later where all of them stood still.
internal sealed partial class Household
{
    private const int StepsMax = 400;

    private DateTimeOffset? wakeAt;

    /// <summary>When something is due next; null where nothing is.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            var next = Account.Watch?.CrossedAt is not null ? Now : Sooner(Account.NextDue, Quota.NextDue);
            foreach (var one in subscriptions.Values) next = Sooner(next, one.NextDue);
            foreach (var one in payments.Values) next = Sooner(next, one.NextDue);
            return next;
        }
    }

    /// <summary>Does all that is due by now.</summary>
    public void Work()
    {
        for (var steps = 0; NextDue <= Now; steps++)
        {
            Law(steps < StepsMax, () => $"the work never ends: {string.Join(", ", log.TakeLast(12).Select(entry => $"{entry.Stream} {entry.Event.GetType().Name}"))}");
            // Which worker comes first is chance.
            if (tenant.OneIn(2)) WorkOnAccount();
            foreach (var one in subscriptions.Values.Where(one => one.NextDue <= Now).ToList())
            {
                if (one.NextStepAt <= Now && Send(new SettleSubscription { Subscription = one.Id, Account = Id }) is not SubscriptionDecision.Accepted) throw new InvalidOperationException($"{one.Id} has something due, and nothing was done.");
                if (this[one.Id].NextCall <= Now) tenant.Providers.Answer(this, this[one.Id]);
            }

            foreach (var one in payments.Values.Where(one => one.NextDue <= Now).ToList())
            {
                foreach (var (call, refund) in one.DueBy(Now).ToList()) tenant.Providers.Answer(this, this[one.Id], call, refund);
            }

            WorkOnAccount();
        }
    }

    private void WorkOnAccount()
    {
        if (Account.NextDue <= Now) Do(new SettleDue { Account = Id });
        if (Account.Watch?.CrossedAt is not null || Quota.NextDue <= Now) Send(new SettleQuota { Account = Id });
    }

    // At most one look is planned; an earlier one takes its place.
    private void PlanWork()
    {
        if (NextDue is not { } due) return;
        var at = (due > Now ? due : Now) + TimeSpan.FromSeconds(tenant.Random.Next(30));
        if (at < tenant.StandsStillUntil) at = tenant.StandsStillUntil;
        if (wakeAt <= at) return;
        wakeAt = at;
        tenant.At(at, () => Wake(at));
    }

    private void Wake(DateTimeOffset planned)
    {
        if (wakeAt != planned) return;
        wakeAt = null;
        if (Now >= tenant.StandsStillUntil) Work();
        PlanWork();
    }

    private static DateTimeOffset? Sooner(DateTimeOffset? left, DateTimeOffset? right) => left is null || right < left ? right ?? left : left;
}
