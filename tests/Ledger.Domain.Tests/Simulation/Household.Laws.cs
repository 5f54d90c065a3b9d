using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

// What must hold after every event, after every day, and over all of the year.
internal sealed partial class Household
{
    private readonly List<(string Stream, object Event, DateTimeOffset At)> log = [];
    private readonly Queue<(DateTimeOffset At, object What)> lately = [];
    private readonly HashSet<(SubscriptionId, long, PeriodPart)> granted = [];
    private readonly HashSet<(string, long, string)> extras = [];
    private readonly Dictionary<(string Metric, DateTimeOffset? Period), Credits> counted = [];
    private readonly Dictionary<string, Credits> own = new(StringComparer.Ordinal);
    private Snapshot? checkpoint;
    private Credits balance;

    private sealed record Snapshot(
        Account Account, Subscriber Subscriber, Quota Quota, Dictionary<SubscriptionId, Subscription> Subscriptions, Dictionary<InvoiceId, Invoice> Invoices, Dictionary<PaymentId, Payment> Payments);

    private bool IsChanged { get; set; }

    /// <summary>What was received for this account, less what has gone back, by its payments.</summary>
    public long Received => payments.Values.Where(HasMoney).Sum(payment => payment.Amount.Amount - GoneBack(payment));

    /// <summary>What its invoices say of that: what was paid, less the credit notes.</summary>
    public long Invoiced => invoices.Values.Sum(invoice => invoice.AmountPaid.Amount - invoice.Credited.Amount);

    /// <summary>What was invoiced without a payment of this ledger: periods that an administrator gave, and those whose payment the ledger does not hold.</summary>
    public long InvoicedWithout => invoices.Values.Where(invoice => invoice.Payment is null).Sum(invoice => invoice.AmountPaid.Amount - invoice.Credited.Amount);

    /// <summary>The provider's invoices whose periods were granted.</summary>
    public HashSet<string> PaidInvoices { get; } = new(StringComparer.Ordinal);

    /// <summary>Holds what does not need every event: sums, counters, invoices against payments.</summary>
    public void CheckDay()
    {
        if (!IsChanged) return;
        IsChanged = false;
        var totals = Account.Totals;
        Law(Account.Balance == balance, () => $"the balance is {Account.Balance}, and its transactions come to {balance}");
        Law(Account.Balance == totals.Purchased + totals.Granted + totals.Refunded + totals.Adjusted + totals.Transferred - totals.Consumed - totals.Revoked - totals.Expired, () => "the balance is the sum of its totals");
        Law(Account.Balance == Account.Lots.Aggregate(Credits.Zero, (sum, lot) => sum + lot.Remaining) - Account.Debts.Aggregate(Credits.Zero, (sum, debt) => sum + debt.Left), () => "the balance is what lots hold, less debts");
        Law(Account.Held == Account.Holds.Aggregate(Credits.Zero, (sum, hold) => sum + hold.Amount), () => "what is held is the sum of its holds");
        foreach (var payment in payments.Values) Invoiced_as_paid(payment);
        foreach (var invoice in invoices.Values)
        {
            Law(invoice.Net.Amount + invoice.Tax.Amount == invoice.Total.Amount && invoice.Lines.Sum(line => line.Amount.Amount) - invoice.Discount.Amount == invoice.Total.Amount, () => $"{invoice.Id} does not add up");
            Law(invoice.Credited.Amount >= 0 && invoice.Credited.Amount <= invoice.AmountPaid.Amount, () => $"{invoice.Id}: more was credited than was paid");
        }

        var paid = invoices.Values.Where(invoice => invoice is { Payment: null, PaidAt: not null, Subscription: not null });
        foreach (var period in paid) Law(this[period.Subscription!.Value].Exists, () => $"{period.Id} is for a subscription that there is not");
        foreach (var metric in new[] { "exports", "users", Metrics.StorageBytes })
        {
            if (Quota.Find(metric) is { } meter) Law(meter.Used == counted.GetValueOrDefault((metric, meter.PeriodStart)), () => $"{metric} is {meter.Used}, and its posts come to {counted.GetValueOrDefault((metric, meter.PeriodStart))}");
        }
    }

    /// <summary>All streams once more from their events: the same comes of it.</summary>
    public void Replay()
    {
        var again = checkpoint ?? new(Account.Unopened(Id), new(), new(), [], [], []);
        var (account, subscriber, quota) = (again.Account, again.Subscriber, again.Quota);
        foreach (var (stream, happened, at) in log)
        {
            var name = stream[(stream.IndexOf('/', StringComparison.Ordinal) + 1)..];
            switch (happened)
            {
                case AccountEvent e: account = account.Evolve(e, at); break;
                case SubscriberEvent e: subscriber = subscriber.Evolve(e); break;
                case QuotaEvent e: quota = quota.Evolve(e, at); break;
                case SubscriptionEvent e: again.Subscriptions[new(name)] = (again.Subscriptions.GetValueOrDefault(new(name)) ?? Subscription.None(new(name))).Evolve(e, at); break;
                case InvoiceEvent e: again.Invoices[new(name)] = (again.Invoices.GetValueOrDefault(new(name)) ?? Invoice.None(new(name))).Evolve(e, at); break;
                case PaymentEvent e: again.Payments[new(name)] = (again.Payments.GetValueOrDefault(new(name)) ?? Payment.None(new(name))).Evolve(e, at); break;
            }
        }

        log.Clear();
        checkpoint = again with { Account = account, Subscriber = subscriber, Quota = quota };
        Law(account == Account, () => "a replay of the account comes to something else");
        Law(subscriber == Subscriber, () => "a replay of the place comes to something else");
        Law(quota == Quota, () => "a replay of quotas comes to something else");
        Law(again.Subscriptions.Count == subscriptions.Count && subscriptions.All(one => again.Subscriptions[one.Key] == one.Value), () => "a replay of subscriptions comes to something else");
        Law(again.Invoices.Count == invoices.Count && invoices.All(one => again.Invoices[one.Key] == one.Value), () => "a replay of invoices comes to something else");
        Law(again.Payments.Count == payments.Count && payments.All(one => again.Payments[one.Key] == one.Value), () => "a replay of payments comes to something else");
    }

    public void Law(bool holds, Func<string> why)
    {
        if (!holds) throw new InvalidOperationException($"{Id}: {why()}{Environment.NewLine}{string.Join(Environment.NewLine, lately.Select(one => $"{one.At:MM-dd HH:mm:ss} {one.What}"))}");
    }

    // What was heard and done of subscriptions, to be read where a law is broken.
    private void Note(object what)
    {
        if (what is not (SubscriptionEvent or SubscriptionTold or InvoiceTold)) return;
        lately.Enqueue((Now, what));
        if (lately.Count > 60) lately.Dequeue();
    }

    // What was paid is invoiced, in the commit of its success and over what was paid; what went back is credited; and nothing else is invoiced as paid.
    private void Invoiced_as_paid(Payment payment)
    {
        var invoice = this[InvoiceId.Of(payment.Id)];
        if (!HasMoney(payment))
        {
            Law(invoice.AmountPaid.Amount == 0, () => $"{payment.Id} is {payment.Status}, and invoiced as paid");
            return;
        }

        Law(invoice.Exists && invoice.AmountPaid == payment.Amount, () => $"{payment.Amount} was paid for {payment.Id}, and its invoice says {(invoice.Exists ? invoice.AmountPaid : "nothing")}");
        Law(invoice.Credited.Amount == GoneBack(payment), () => $"{GoneBack(payment)} of {payment.Id} went back, and {invoice.Credited} is credited");
        // What a provider charges by itself is delivered when its invoice is heard, which may come days after its intent.
        Law(payment.IsFulfilled || payment.IsBilled == true || payment.IsReversed || payment.Attention is not null || payment.Status is not PaymentStatus.Succeeded, () => $"{payment.Id} was paid, and is neither delivered nor shown to anybody");
    }

    private static bool HasMoney(Payment payment) => (payment.HasSucceeded || payment.IsReversed) && payment.Amount.Amount > 0;

    private static long GoneBack(Payment payment) => payment.IsReversed ? payment.Amount.Amount : Math.Min(payment.Refunded + payment.Lost, payment.Amount.Amount);

    private void Keep(string stream, object happened)
    {
        log.Add((stream, happened, Now));
        Note(happened);
        switch (happened)
        {
            case CreditsGranted { Period: { } period } e when period.Part != PeriodPart.Extra:
                Law(granted.Add((period.Subscription, period.Number, period.Part)), () => $"period {period.Number} of {period.Subscription} was granted twice ({period.Part})");
                Moved(e);
                break;
            case TransactionEvent e:
                Moved(e);
                break;
            case PeriodStarted e:
                Law(e.Period == this[NameOf(stream)].Period + 1, () => $"{stream}: period {e.Period} comes after {this[NameOf(stream)].Period}");
                break;
            case PeriodGranted e:
                Law(e.Period == this[NameOf(stream)].Period && e.Period > this[NameOf(stream)].GrantedPeriod, () => $"{stream}: period {e.Period} is granted in {this[NameOf(stream)].Period}, after {this[NameOf(stream)].GrantedPeriod}");
                if (e.Invoice is { } theirs) Law(PaidInvoices.Add(theirs), () => $"{theirs} paid two periods");
                break;
            case PlanChanged { Extra: { Amount.IsPositive: true } extra }:
                Law(extras.Add((stream, this[NameOf(stream)].Period, extra.To)), () => $"{stream}: {extra.To} gave more twice in a period");
                break;
        }
    }

    private void Moved(TransactionEvent e)
    {
        Law(e.Before == balance, () => $"{e.GetType().Name} begins at {e.Before}, and the one before it ended at {balance}");
        balance += e.Direction() == Direction.Credit ? e.Amount : -e.Amount;
        Law(e.After == balance, () => $"{e.GetType().Name} of {e.Amount} ends at {e.After}, not at {balance}");
    }

    private static SubscriptionId NameOf(string stream) => new(stream["subscription/".Length..]);

    // After each commit.
    private void Hold()
    {
        SubscriptionId? live = null;
        foreach (var (id, one) in subscriptions)
        {
            if (!one.IsLive) continue;
            Law(live is null, () => $"{live} and {id} are both live");
            live = id;
            Law(one.Status != SubscriptionStatus.Active || one.Period > 0, () => $"{id} is active in no period");
        }

        Law(Subscriber.Live == live, () => $"the place is {Subscriber.Live}'s, and {live} is live");
    }

    // What is enforced is never passed, and what is refused would have been.
    private void Hold(RecordUsage command, QuotaDecision decision, QuotaSheet before)
    {
        var metric = Metrics.Metered(command.Metric);
        Credits? limit = own.TryGetValue(metric, out var mine) ? mine : LimitOfPlan(metric);
        if (decision is QuotaDecision.Refused { Refusal: QuotaExceeded })
        {
            tenant.Count("usage refused");
            Law(command.Enforce && limit is { } held && before.UsedOf(metric) + Metrics.ToMetered(command.Metric, command.Quantity) > held, () => $"{command.Quantity} of {command.Metric} was refused at {before.UsedOf(metric)} of {limit}");
        }

        if (decision is not QuotaDecision.Accepted { Quota: [UsageRecorded e, ..] }) return;
        if (!e.IsCounted) return;
        var key = (metric, e.PeriodStart);
        if (e.PeriodStart is not null) Law(e.PeriodStart <= Now, () => $"{metric} counts in a period that begins at {e.PeriodStart}");
        counted[key] = counted.GetValueOrDefault(key) + e.Change;
        if (metric is Metrics.AiCredits) Law(!command.Enforce || !(e.Used > limit), () => $"{e.Used} of {metric} is used, and {limit} is enforced");
        else if (command.Enforce && e.Change.IsPositive) Law(!(counted[key] > limit), () => $"{counted[key]} of {metric} is used, and {limit} is enforced");
    }

    private Credits? LimitOfPlan(string metric)
    {
        foreach (var limit in Live?.Plan.Terms.Limits ?? [])
        {
            if (Metrics.Metered(limit.Metric) == metric) return Metrics.ToMetered(limit.Metric, limit.Max);
        }

        return null;
    }
}
