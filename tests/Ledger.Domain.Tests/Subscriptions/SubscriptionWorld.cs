using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>One account with its subscriptions, payments and invoices in memory: decides, appends, and checks the laws after every step.</summary>
internal sealed class SubscriptionWorld
{
    public static readonly AccountId Id = new("acct_1");
    public static readonly DateTimeOffset Begin = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<SubscriptionId, Subscription> subscriptions = [];
    private readonly Dictionary<InvoiceId, Invoice> invoices = [];
    private readonly Dictionary<PaymentId, Payment> payments = [];
    private readonly Dictionary<FactName, FactBody> facts = [];
    private readonly Dictionary<string, PaymentId> refs = new(StringComparer.Ordinal);
    private readonly List<(string Stream, object Event, DateTimeOffset At)> log = [];
    private int made;

    public SubscriptionWorld(int scale = 6, BillingPolicy? policy = null)
    {
        Policy = policy ?? BillingPolicy.Default;
        foreach (var (id, entry) in CatalogDefaults.All)
        {
            if (entry is Plan) Plans[id] = CatalogItem.Begin(ItemKind.Plan, id);
        }

        Sell("basic", Plan("basic", 1000, credits: 100, rollover: 50));
        Sell("plus", Plan("plus", 2000, credits: 400, rollover: 100));
        Sell("top", Plan("top", 5000, credits: 1000));
        Sell("basic-year", Plan("basic", 10000, PlanInterval.Year, credits: 1200));
        Sell("gratis", Plan("gratis", 0, credits: 10));
        Sell("for-good", Plan("for-good", 90000, PlanInterval.Lifetime, credits: 5000));
        Sell("term", Plan("term", 1500, PlanInterval.Fixed, credits: 100) with { TermDays = 30, ProviderRefs = [] });
        Sell("team", Plan("team", 3000, credits: 100) with { Seats = new(2, 10, new Money(500, "usd")) });
        Do(new OpenAccount { Account = Id, Tag = Samples.Tag, Owner = new(OwnerKind.User, "u_1"), Scale = scale });
    }

    public DateTimeOffset Now { get; set; } = Begin;

    public BillingPolicy Policy { get; set; }

    public Dictionary<string, CatalogItem> Plans { get; } = new(StringComparer.Ordinal);

    public Account Account { get; private set; } = Account.Unopened(Id);

    public Subscriber Subscriber { get; private set; } = new();

    public Invoicing Invoicing { get; private set; } = new();

    public IEnumerable<Subscription> Subscriptions => subscriptions.Values;

    public IEnumerable<Payment> Payments => payments.Values;

    public IEnumerable<Invoice> Invoices => invoices.Values;

    public IEnumerable<object> Happened => log.Select(entry => entry.Event);

    public IEnumerable<(SubscriptionEvent Event, DateTimeOffset At)> EventsOf(SubscriptionId id) => log.Where(entry => entry.Stream == $"subscription/{id}").Select(entry => ((SubscriptionEvent)entry.Event, entry.At));

    public Subscription? Live => Subscriber.Live is { } live ? subscriptions[live] : null;

    public Subscription this[SubscriptionId id] => subscriptions.GetValueOrDefault(id) ?? Subscription.None(id);

    public Payment this[PaymentId id] => payments.GetValueOrDefault(id) ?? Payment.None(id);

    public static DateTimeOffset On(int year, int month, int day) => new(year, month, day, 12, 0, 0, TimeSpan.Zero);

    public static Plan Plan(string tier, long cents, PlanInterval interval = PlanInterval.Month, decimal credits = 0, decimal rollover = 0, int trialDays = 0) => new()
    {
        Name = tier,
        Tier = tier,
        Active = true,
        Price = new(cents, "usd"),
        Interval = interval,
        CreditsPerPeriod = credits,
        RolloverMax = rollover,
        TrialDays = trialDays,
        ProviderRefs = cents == 0 ? [] : [new("stripe", $"price_{tier}_{(interval switch { PlanInterval.Month => "m", PlanInterval.Year => "y", _ => "l" })}")],
    };

    public void Sell(string id, Plan plan) => Plans[id] = new CatalogItem { Kind = ItemKind.Plan, Id = id, Events = Plans.GetValueOrDefault(id)?.Events + 1 ?? 1, Entry = plan };

    // ---- Commands ----

    public SubscriptionDecision Start(string plan, out SubscriptionId id, int? trialDays = null, int? seats = null, DateTimeOffset? at = null, bool admin = true)
    {
        id = SubscriptionId.Of((UInt128)(1000 + made++));
        return Send(new StartSubscription { Subscription = id, Account = Id, PlanId = plan, TrialDays = trialDays, Seats = seats, StartAt = at, MayGivePaid = admin });
    }

    public SubscriptionId Start(string plan, int? trialDays = null, int? seats = null, DateTimeOffset? at = null)
    {
        Start(plan, out var id, trialDays, seats, at).ShouldBe(SubscriptionDecision.Accept);
        return id;
    }

    public SubscriptionDecision Change(SubscriptionId id, string? plan, ChangeWhen when = ChangeWhen.Now, int? seats = null, bool admin = true) =>
        Send(new ChangeSubscription { Subscription = id, Account = Id, PlanId = plan, When = when, Seats = seats, MayGivePaid = admin });

    /// <summary>The provider has done, or answered, what it was asked; or won't.</summary>
    public SubscriptionDecision Answer(SubscriptionId id, string? refusal = null) => Send(new RecordSubscriptionCall { Subscription = id, Account = Id, Action = this[id].Asking!.Version, Reason = refusal, IsFinal = refusal is not null });

    public SubscriptionDecision Cancel(SubscriptionId id, ChangeWhen when = ChangeWhen.Now) => Send(new CancelSubscription { Subscription = id, Account = Id, When = when, Reason = "enough" });

    public SubscriptionDecision Resume(SubscriptionId id) => Send(new ResumeSubscription { Subscription = id, Account = Id });

    public SubscriptionDecision Pause(SubscriptionId id) => Send(new PauseSubscription { Subscription = id, Account = Id });

    public SubscriptionDecision Renew(SubscriptionId id) => Send(new RenewSubscription { Subscription = id, Account = Id, MayGivePaid = true });

    public SubscriptionDecision PastDue(SubscriptionId id) => Send(new MarkPastDue { Subscription = id, Account = Id, Reason = "bounced" });

    /// <summary>Settles all subscriptions and the account, as the worker does: until nothing is due.</summary>
    public void Settle()
    {
        while (subscriptions.Values.FirstOrDefault(one => one.NextStepAt <= Now) is { } due) Send(new SettleSubscription { Subscription = due.Id, Account = Id }).ShouldBe(SubscriptionDecision.Accept);
        if (Account.NextDue <= Now) Do(new SettleDue { Account = Id });
    }

    public void Wait(DateTimeOffset until)
    {
        Now = until;
        Settle();
    }

    /// <summary>Lives through the time until then, each thing at its time.</summary>
    public void Live_until(DateTimeOffset until)
    {
        while (subscriptions.Values.Select(one => one.NextStepAt).Where(at => at is not null && at <= until).Min() is { } next)
        {
            if (next > Now) Now = next;
            Settle();
        }

        Wait(until);
    }

    public PaymentDecision Checkout(string plan, out PaymentId payment, string? provider = "midtrans", int? seats = null, int? trialDays = null)
    {
        payment = PaymentId.Of((UInt128)(2000 + made++));
        return Send(new StartCheckout { Payment = payment, Account = Id, Item = Plans[plan], Quantity = 1, Provider = provider, Seats = seats, TrialDays = trialDays });
    }

    /// <summary>A checkout of a plan, and the subscription that it begins or renews.</summary>
    public (PaymentId Payment, SubscriptionId Subscription) Buy(string plan, string provider = "midtrans", int? trialDays = null)
    {
        Checkout(plan, out var payment, provider, trialDays: trialDays).ShouldBeOfType<PaymentDecision.Accepted>();
        return (payment, this[payment].Subscription!.Value);
    }

    public PaymentDecision Pay(PaymentId payment) => Tell(payment, new PaymentTold { Provider = this[payment].Provider!, Status = PaymentStatus.Succeeded, Amount = this[payment].Amount, Refs = new() { PaymentIntentId = $"pi_{payment.Value}" } });

    public PaymentDecision Tell(PaymentId payment, ProviderFact fact) => Send(new ApplyProviderFact { Payment = payment, Tenant = "default", Fact = fact });

    public SubscriptionDecision Tell(SubscriptionId id, SubscriptionTold fact, string? plan = null) => Send(new ApplySubscriptionFact { Subscription = id, Account = Id, Tenant = "default", Fact = fact, PlanId = plan });

    public SubscriptionDecision Tell(SubscriptionId id, InvoiceTold fact, string? plan = null) => Send(new ApplyInvoiceFact
    {
        Subscription = id,
        Account = Id,
        Tenant = "default",
        Fact = fact,
        PlanId = plan,
        Payment = Bill(fact.InvoiceId),
        Known = fact.Refs.Leading.Reverse().Select(reference => refs.TryGetValue($"{fact.Provider}:{reference}", out var led) ? led : (PaymentId?)null).FirstOrDefault(led => led is not null),
        Checkout = this[id].Checkout,
        IsGranted = EventsOf(id).Any(entry => entry.Event is PeriodGranted granted && granted.Invoice == fact.InvoiceId),
    });

    /// <summary>The payment of an invoice of the provider.</summary>
    public Payment Billed(string invoice) => this[refs[$"stripe:{invoice}"]];

    /// <summary>The invoice of ours for one of the provider.</summary>
    public Invoice BillOf(string invoice) => invoices[InvoiceId.Of(refs[$"stripe:{invoice}"])];

    /// <summary>The payment that an invoice of the provider opens.</summary>
    public static PaymentId Bill(string invoice) => PaymentId.Of(invoice.Aggregate((UInt128)1, (sum, letter) => (sum * 31) + letter));

    public SubscriptionTold Told(ToldSubscriptionStatus status, DateTimeOffset? start = null, string price = "price_basic_m", DateTimeOffset? at = null) => new()
    {
        Provider = "stripe",
        SubscriptionId = "sub_x",
        Refs = new() { SubscriptionId = "sub_x", CustomerId = "cus_1" },
        Status = status,
        At = at ?? Now,
        TrialStart = status == ToldSubscriptionStatus.Trialing ? start ?? Now : null,
        TrialEnd = status == ToldSubscriptionStatus.Trialing ? (start ?? Now).AddDays(14) : null,
        Items = [new("si_1", price, 1, start ?? Now, (start ?? Now).AddMonths(1))],
    };

    public InvoiceTold Invoiced(InvoiceNews news, DateTimeOffset? start = null, string id = "in_1", string price = "price_basic_m", long amount = 1000, DateTimeOffset? end = null, bool proration = false) => new()
    {
        Provider = "stripe",
        InvoiceId = id,
        Refs = new() { InvoiceId = id, SubscriptionId = "sub_x", CustomerId = "cus_1" },
        Status = news == InvoiceNews.Paid ? ToldInvoiceStatus.Paid : ToldInvoiceStatus.Open,
        News = news,
        At = Now,
        Total = new(amount, "usd"),
        AmountPaid = new(news == InvoiceNews.Paid ? amount : 0, "usd"),
        Lines = [new(price, 1, new(amount, "usd"), start ?? Now, end ?? (start ?? Now).AddMonths(1), proration)],
    };

    // ---- The store ----

    public SubscriptionDecision Send(SubscriptionCommand command)
    {
        var draft = new BillingDraft(States(), Now);
        var decision = command.Decide(draft, command.PlanId is { } plan ? Plans.GetValueOrDefault(plan) ?? CatalogItem.Begin(ItemKind.Plan, plan) : null);
        if (decision is SubscriptionDecision.Accepted)
        {
            Append(draft.AccountEvents, draft.Beside);
            Laws();
        }

        return decision;
    }

    public PaymentDecision Send(PaymentCommand command)
    {
        var payment = this[command.Payment];
        var decision = command.Decide(payment, Account, Past(), Now);
        if (decision is not PaymentDecision.Accepted accepted) return decision;
        foreach (var happened in accepted.Payment) Append(command.Payment, happened);
        Append(accepted.Account, accepted.Beside);
        Laws();
        return decision;
    }

    public PaymentPast Past() => new([.. facts.Select(fact => new Fact(fact.Key, fact.Value))], refs.ToImmutableDictionary(StringComparer.Ordinal)) { Billing = States() };

    public void Do(AccountCommand command)
    {
        var past = new Recollection(facts.Select(fact => new Fact(fact.Key, fact.Value)), log.Where(entry => entry.Stream == "account").Select((entry, at) => KeyValuePair.Create(at + 1L, (AccountEvent)entry.Event)));
        if (command.Decide(Account, null, past, Now) is Decision.Accepted accepted) Append(accepted.Streams[0].Events, []);
        Laws();
    }

    public BillingStates States() => new()
    {
        Account = Account,
        AccountFacts = [.. facts.Select(fact => new Fact(fact.Key, fact.Value))],
        Subscriber = Subscriber,
        Subscriptions = subscriptions.ToImmutableDictionary(),
        Invoicing = Invoicing,
        Invoices = invoices.ToImmutableDictionary(),
        Payments = payments.ToImmutableDictionary(),
        PaymentRefs = refs.ToImmutableDictionary(StringComparer.Ordinal),
        Policy = Policy,
    };

    private void Append(ImmutableArray<AccountEvent> account, ImmutableArray<StreamEvents> beside)
    {
        foreach (var happened in account)
        {
            Account = Account.Evolve(happened, Now);
            log.Add(("account", happened, Now));
            foreach (var fact in Account.Left) facts[fact.Name] = fact.Body;
        }

        foreach (var stream in beside)
        {
            foreach (var happened in stream.Events)
            {
                log.Add(($"{stream.Kind}/{stream.Id}", happened, Now));
                switch (happened)
                {
                    case SubscriptionEvent e:
                        var id = new SubscriptionId(stream.Id);
                        subscriptions[id] = this[id].Evolve(e, Now);
                        e.Status.ShouldBe(subscriptions[id].Status, "witness");
                        break;
                    case PaymentEvent e:
                        log.RemoveAt(log.Count - 1);
                        Append(new PaymentId(stream.Id), e);
                        break;
                    case SubscriberEvent e: Subscriber = Subscriber.Evolve(e); break;
                    case InvoicingEvent e: Invoicing = Invoicing.Evolve(e); break;
                    case InvoiceEvent e:
                        var invoice = new InvoiceId(stream.Id);
                        invoices[invoice] = (invoices.GetValueOrDefault(invoice) ?? Invoice.None(invoice)).Evolve(e, Now);
                        break;
                }
            }
        }
    }

    private void Append(PaymentId id, PaymentEvent happened)
    {
        var payment = payments[id] = this[id].Evolve(happened, Now);
        log.Add(($"payment/{id}", happened, Now));
        (happened.Status, happened.Refunded, happened.NeedsAttention).ShouldBe((payment.Status, payment.Refunded, payment.Attention is not null), "witnesses");
        foreach (var name in payment.Learnt())
        {
            refs.GetValueOrDefault(name, id).ShouldBe(id, "a reference leads to one payment");
            refs[name] = id;
        }
    }

    // What a provider charges by itself has an invoice that says the same.
    private void Bills()
    {
        foreach (var payment in payments.Values.Where(one => one.IsBilled == true))
        {
            var invoice = invoices.GetValueOrDefault(InvoiceId.Of(payment.Id));
            if (invoice is null)
            {
                payment.Standing.ShouldBe(PaymentStatus.Canceled, "only what was taken back unheard has no invoice");
                continue;
            }

            (invoice.Payment, invoice.Subscription, invoice.PaidAt).ShouldBe((payment.Id, payment.Subscription, payment.PaidAt));
            (invoice.Status is InvoiceStatus.Void).ShouldBe(payment.Standing == PaymentStatus.Canceled);
            (invoice.Total.Amount - invoice.Credited.Amount).ShouldBe(payment.Amount.Amount - payment.Refunded - payment.Lost, "what is left of both");
            if (payment.HasSucceeded && !payment.IsFulfilled && !payment.IsTakenBack) (payment.Attention is not null || payment.Standing == PaymentStatus.Succeeded).ShouldBeTrue();
        }
    }

    private void Laws()
    {
        Bills();
        var live = subscriptions.Values.Where(one => one.IsLive).ToList();
        live.Count.ShouldBeLessThanOrEqualTo(1, "one live subscription");
        Subscriber.Live.ShouldBe(live.Count == 0 ? null : live[0].Id, "the live one has the place");
        foreach (var one in subscriptions.Values)
        {
            one.GrantedPeriod.ShouldBeLessThanOrEqualTo(one.Period);
            if (one.HasEnded) one.NextStepAt.ShouldBeNull();
            if (one.CurrentPeriodEnd is { } end) end.ShouldBeGreaterThan(one.CurrentPeriodStart!.Value);
            one.Rolls.SequenceEqual(one.Rolls.Order()).ShouldBeTrue("rolls in order");
            if (one.Status == SubscriptionStatus.Active) one.Period.ShouldBeGreaterThan(0);
        }

        var balance = Account.Lots.Aggregate(Credits.Zero, (sum, lot) => sum + lot.Remaining) - Account.Debts.Aggregate(Credits.Zero, (sum, debt) => sum + debt.Left);
        Account.Balance.ShouldBe(balance);
        var totals = Account.Totals;
        Account.Balance.ShouldBe(totals.Purchased + totals.Granted + totals.Refunded + totals.Adjusted + totals.Transferred - totals.Consumed - totals.Revoked - totals.Expired);
    }

    /// <summary>What needs all events: each period is granted once, numbers of periods and invoices have no gaps, and a replay comes to the same.</summary>
    public void Check()
    {
        var again = new Dictionary<string, Subscription>(StringComparer.Ordinal);
        var account = Account.Unopened(Id);
        foreach (var (stream, happened, at) in log)
        {
            if (happened is AccountEvent e) account = account.Evolve(e, at);
            if (happened is not SubscriptionEvent s) continue;
            var before = again.GetValueOrDefault(stream) ?? Subscription.None(new(stream["subscription/".Length..]));
            if (s is PeriodStarted started) started.Period.ShouldBe(before.Period + 1, "periods have no gaps");
            if (s is PeriodGranted granted) granted.Period.ShouldBe(before.Period, "the running period is granted");
            if (s is PeriodGranted once) once.Period.ShouldBeGreaterThan(before.GrantedPeriod, "once");
            again[stream] = before.Evolve(s, at);
        }

        foreach (var one in subscriptions.Values) again[$"subscription/{one.Id}"].ShouldBe(one, "a replay comes to the same");
        account.ShouldBe(Account);
        Happened.OfType<CreditsGranted>().Where(e => e.Period is { Part: PeriodPart.Period }).Select(e => (e.Period!.Subscription, e.Period.Number)).ShouldBeUnique();
        Happened.OfType<CreditsGranted>().Where(e => e.Period is { Part: PeriodPart.Rolled }).Select(e => (e.Period!.Subscription, e.Period.Number)).ShouldBeUnique();
        foreach (var year in Happened.OfType<InvoiceNumbered>().GroupBy(e => e.Year)) year.Select(e => e.Number).ShouldBe(Enumerable.Range(1, year.Count()).Select(n => (long)n));
    }
}
