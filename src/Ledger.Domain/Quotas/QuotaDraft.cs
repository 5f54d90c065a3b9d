using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Quotas;

// Quotas, their account and a payment that begins while a command is decided: each event is applied as it is made, so that the next one sees it.
internal sealed class QuotaDraft
{
    private readonly ImmutableArray<QuotaEvent>.Builder events = ImmutableArray.CreateBuilder<QuotaEvent>();
    private readonly QuotaCommand command;
    private readonly QuotaStates states;
    private ImmutableArray<AccountEvent> accountEvents = [];
    private ImmutableArray<PaymentEvent> payment = [];
    private ImmutableArray<PaymentEvent> calledOff = [];
    private bool isOutdated;

    public QuotaDraft(QuotaCommand command, QuotaStates states, DateTimeOffset now)
    {
        (this.command, this.states, Now, Quota) = (command, states, now, states.Quota);
        // What is due on the account is settled, so that what is judged is what is true; it is written where the account is written to.
        Account = states.Account.Exists ? states.Account.SettledAt(now).Account : states.Account;
    }

    public DateTimeOffset Now { get; }

    public Quota Quota { get; private set; }

    public Account Account { get; }

    public QuotaStates States => states;

    public LookedUp LookedUp => command.LookedUp;

    public QuotaSheet Sheet => new(Quota, Account, states.Live, command.LookedUp.Baseline, Now, states.Ended);

    /// <summary>Whether something that the command needs was looked up for another period.</summary>
    public bool IsOutdated => command.NeedsBaseline && !Sheet.IsSeen;

    public void Add(QuotaEvent happened)
    {
        Quota = Quota.Evolve(happened, Now);
        events.Add(happened);
    }

    public void Begin(PaymentIntended intended)
    {
        var after = Payment.None(states.Next).Evolve(intended, Now);
        payment = [intended with { Status = after.Status }];
    }

    /// <summary>The last top-up's payment is not made after all.</summary>
    public void CallOff(string reason)
    {
        var canceled = new PaymentAdvanced { To = PaymentStatus.Canceled, Reason = reason };
        calledOff = [canceled with { Status = states.Last!.Evolve(canceled, Now).Status }];
    }

    public void Watch(AccountWatch watch)
    {
        if (new WatchAccount { Account = Account.Id, Watch = watch }.Decide(states.Account, null, Recollection.Empty, Now) is Decision.Accepted accepted) accountEvents = accepted.Streams[0].Events;
    }

    /// <summary>Something has to be known that was not looked up: nothing is decided.</summary>
    public void LookAgain() => isOutdated = true;

    public QuotaDecision Done() => isOutdated ? new QuotaDecision.Outdated() : new QuotaDecision.Accepted(events.ToImmutable(), accountEvents, payment) { CalledOff = calledOff };
}
