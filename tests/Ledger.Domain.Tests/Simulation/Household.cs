using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>One account with its subscriptions, payments, invoices and quotas: loads what a command names, decides, appends, and holds each event to the laws.</summary>
internal sealed partial class Household
{
    private readonly Tenancy tenant;
    private readonly Dictionary<FactName, FactBody> facts = [];
    private readonly Dictionary<long, AccountEvent> consumptions = [];
    private readonly List<(DateTimeOffset At, Credits Spent, long Calls)> spent = [];
    private ImmutableDictionary<SubscriptionId, Subscription> subscriptions = ImmutableDictionary<SubscriptionId, Subscription>.Empty;
    private ImmutableDictionary<InvoiceId, Invoice> invoices = ImmutableDictionary<InvoiceId, Invoice>.Empty;
    private readonly Dictionary<PaymentId, Payment> payments = [];
    private int made;

    public Household(Tenancy tenant, int number)
    {
        (this.tenant, Number, Id) = (tenant, number, new($"acct_{number}"));
        Account = Account.Unopened(Id);
        Do(new OpenAccount { Account = Id, Tag = $"{number:x16}", Owner = new(OwnerKind.User, $"u_{number}"), Scale = number % 3 * 3 });
    }

    public int Number { get; }

    public AccountId Id { get; }

    public Account Account { get; private set; }

    public Subscriber Subscriber { get; private set; } = new();

    public Quota Quota { get; private set; } = new();

    /// <summary>A saved method that can be charged; null for none.</summary>
    public Chargeable? Method { get; set; }

    public IEnumerable<Subscription> Subscriptions => subscriptions.Values;

    public IEnumerable<Invoice> Invoices => invoices.Values;

    public IReadOnlyCollection<Payment> Payments => payments.Values;

    public Subscription? Live => Subscriber.Live is { } live ? subscriptions[live] : null;

    private DateTimeOffset Now => tenant.Now;

    private Subscription? Ended => Subscriber is { Live: null, Last: { } last } ? this[last] : null;

    public QuotaSheet Sheet => new(Quota, Account, Live, Baseline, Now, Ended);

    public Subscription this[SubscriptionId id] => subscriptions.GetValueOrDefault(id) ?? Subscription.None(id);

    public Payment this[PaymentId id] => payments.GetValueOrDefault(id) ?? Payment.None(id);

    public Invoice this[InvoiceId id] => invoices.GetValueOrDefault(id) ?? Invoice.None(id);

    /// <summary>A name that nothing of this tenant has yet.</summary>
    public UInt128 NewName() => ((UInt128)Number << 64) | (uint)++made;

    private Baseline Baseline
    {
        get
        {
            var start = QuotaPeriod.Of(Live, Ended, Now).Start;
            for (var at = spent.Count - 1; at >= 0; at--)
            {
                if (spent[at].At < start) return new(start, spent[at].Spent, spent[at].Calls);
            }

            return new(start, Credits.Zero, 0);
        }
    }

    public Refusal? Do(AccountCommand command)
    {
        var past = Recall(command.Names);
        var more = command.NamesMore(Account, past);
        if (!more.IsNone) past = Recall(new([.. command.Names.Facts, .. more.Facts], [.. command.Names.Kinds, .. more.Kinds], [.. command.Names.Versions, .. more.Versions]));
        var decision = command.Decide(Account, null, past, Now);
        if (decision is Decision.Accepted accepted) Append(accepted.Streams[0].Events, [], default, []);
        return (decision as Decision.Refused)?.Refusal;
    }

    public SubscriptionDecision Send(SubscriptionCommand command)
    {
        var states = States(command.Subscription, []) with
        {
            Payments = command.Payments.ToImmutableDictionary(id => id, id => this[id]),
            PaymentRefs = command.PaymentRefs.Where(tenant.PaymentRefs.ContainsKey).Distinct().ToImmutableDictionary(name => name, name => tenant.PaymentRefs[name]),
        };
        var draft = new BillingDraft(states, Now);
        var decision = command.Decide(draft, command.PlanId is { } plan ? tenant.Plans.GetValueOrDefault(plan) ?? CatalogItem.Begin(ItemKind.Plan, plan) : null);
        if (decision is SubscriptionDecision.Accepted) Append(draft.AccountEvents, draft.Beside, default, []);
        return decision;
    }

    public PaymentDecision Send(PaymentCommand command)
    {
        var payment = this[command.Payment];
        var refs = ImmutableDictionary<string, PaymentId>.Empty;
        if (command is ApplyProviderFact { Fact: var fact })
        {
            foreach (var reference in fact.Refs.Leading)
            {
                var name = Payment.RefName(fact.Provider, reference);
                if (tenant.PaymentRefs.TryGetValue(name, out var led)) refs = refs.SetItem(name, led);
            }
        }

        var states = States(payment.Exists ? payment.Subscription : command.Subscription, PaymentPast.NamesOf(command.Payment, payment.Purchase).Facts);
        var decision = command.Decide(payment, Account, new PaymentPast(states.AccountFacts, refs) { Billing = states }, Now);
        if (decision is PaymentDecision.Accepted accepted) Append(accepted.Account, accepted.Beside, command.Payment, accepted.Payment);
        return decision;
    }

    public QuotaDecision Send(QuotaCommand command)
    {
        var next = NextTopUp;
        var states = new QuotaStates
        {
            Quota = Quota,
            Account = Account,
            Live = Live,
            Ended = Ended,
            Last = (Quota.TopUp.Open ?? Quota.TopUp.Last) is { } last ? this[last] : null,
            Next = next,
            Package = tenant.Package,
        };
        var looked = new LookedUp(Baseline, Method, Method is null ? "there is no saved payment method that can be charged" : null);
        var decision = (command with { LookedUp = looked }).Decide(states, Now);
        if (decision is QuotaDecision.Outdated) throw new InvalidOperationException($"{command.GetType().Name} finds outdated what was looked up just now.");
        var before = Sheet;
        if (decision is QuotaDecision.Accepted accepted)
        {
            foreach (var happened in accepted.Quota)
            {
                Quota = Quota.Evolve(happened, Now);
                Keep("quota", happened);
            }

            Append(accepted.Account, [], next, accepted.Payment);
        }

        if (command is RecordUsage usage) Hold(usage, decision, before);
        return decision;
    }

    /// <summary>The account gets a limit of its own for a metric, or loses it.</summary>
    public void Override(string metric, Credits? limit)
    {
        if (Send(new OverrideLimit { Account = Id, Metric = metric, Limit = limit }) is not QuotaDecision.Accepted) return;
        if (limit is { } held) own[Metrics.Metered(metric)] = Metrics.ToMetered(metric, held);
        else own.Remove(Metrics.Metered(metric));
    }

    private PaymentId NextTopUp => PaymentId.Of(((UInt128)Number << 64) | (1UL << 40) | (ulong)(Quota.TopUp.Number + 1));

    /// <summary>Hears what a provider tells, as it is routed: by its references, by our marks, else as the first of something new. Why it was not applied; null where it was, or nothing had to change.</summary>
    public Unheard? Hear(ProviderFact fact)
    {
        Note(fact);
        return fact is SubscriptionTold or InvoiceTold ? HearOfPlan(fact) : HearOfPayment(fact);
    }

    private Unheard? HearOfPlan(ProviderFact fact)
    {
        if (((fact as SubscriptionTold)?.SubscriptionId ?? fact.Refs.SubscriptionId) is not { } theirs) return null;
        SubscriptionId id;
        if (tenant.SubscriptionRefs.TryGetValue($"{fact.Provider}:{theirs}", out var led)) id = led;
        else if (PaymentId.TryParse(fact.Marks.Payment, out var payment)) id = this[payment].Subscription ?? SubscriptionId.Of(payment);
        else id = SubscriptionId.Of(Hash(theirs));
        var price = fact is SubscriptionTold told ? told.Items.Select(item => item.PriceId).FirstOrDefault() : ((InvoiceTold)fact).Lines.Where(line => !line.IsProration).Select(line => line.PriceId).FirstOrDefault();
        var known = this[id];
        var plan = price is null || (known.Exists && known.Plan.Terms.PriceAt(fact.Provider) == price) ? null : tenant.PlanAt(price)?.Id;
        SubscriptionCommand command = fact is InvoiceTold invoice
            ? new ApplyInvoiceFact
            {
                Subscription = id,
                Account = Id,
                PlanId = plan,
                Fact = invoice,
                Tenant = "default",
                Payment = PaymentId.Of(Hash(invoice.InvoiceId)),
                Known = LedTo(fact, [invoice.InvoiceId, .. invoice.Refs.Leading]),
                Checkout = known.Checkout,
                IsGranted = PaidInvoices.Contains(invoice.InvoiceId),
            }
            : new ApplySubscriptionFact { Subscription = id, Account = Id, PlanId = plan, Fact = (SubscriptionTold)fact, Tenant = "default" };
        return Send(command) switch
        {
            SubscriptionDecision.Waits waits => new(waits.Why, IsFinal: false),
            SubscriptionDecision.Refused refused => new(refused.Refusal.Detail, IsFinal: true),
            _ => null,
        };
    }

    private Unheard? HearOfPayment(ProviderFact fact)
    {
        var id = LedTo(fact, fact.Refs.Leading) ?? (PaymentId.TryParse(fact.Marks.Payment, out var marked) ? marked : PaymentId.Of(Hash(fact.Refs.Leading.FirstOrDefault() ?? "")));
        return Send(new ApplyProviderFact { Payment = id, Fact = fact, Tenant = "default", AllowsDebt = tenant.Policy.AllowsDebt }) switch
        {
            PaymentDecision.Waits waits => new(waits.Why, IsFinal: false),
            PaymentDecision.Refused refused => new(refused.Refusal.Detail, IsFinal: true),
            _ => null,
        };
    }

    private PaymentId? LedTo(ProviderFact fact, ImmutableArray<string> references)
    {
        foreach (var reference in references)
        {
            if (tenant.PaymentRefs.TryGetValue(Payment.RefName(fact.Provider, reference), out var found)) return found;
        }

        return null;
    }

    private static UInt128 Hash(string text)
    {
        UInt128 hash = 0;
        foreach (var one in text) hash = (hash * 1_000_003) + one;
        return hash | (UInt128.One << 120);
    }

    private Recollection Recall(Names names)
    {
        if (names.IsNone) return Recollection.Empty;
        var found = names.Facts.Where(facts.ContainsKey).Select(name => new Fact(name, facts[name])).ToList();
        if (!names.Kinds.IsEmpty) found.AddRange(facts.Where(fact => names.Kinds.Contains(fact.Key.Kind)).Select(fact => new Fact(fact.Key, fact.Value)));
        return new(found, names.Versions.Where(consumptions.ContainsKey).Select(version => KeyValuePair.Create(version, consumptions[version])));
    }

    // What the service loads, and no more: the live subscription, and the one that the command is about.
    private BillingStates States(SubscriptionId? own, ImmutableArray<FactName> names)
    {
        var loaded = ImmutableDictionary<SubscriptionId, Subscription>.Empty;
        if (own is { } id) loaded = loaded.Add(id, this[id]);
        if (Subscriber.Live is { } live) loaded = loaded.SetItem(live, this[live]);
        return new()
        {
            Account = Account,
            AccountFacts = [.. names.Where(facts.ContainsKey).Select(name => new Fact(name, facts[name]))],
            Subscriber = Subscriber,
            Subscriptions = loaded,
            Invoicing = tenant.Invoicing,
            Invoices = invoices,
            Policy = tenant.Policy,
        };
    }

    private void Append(ImmutableArray<AccountEvent> account, ImmutableArray<StreamEvents> beside, PaymentId paid, ImmutableArray<PaymentEvent> paying)
    {
        IsChanged = true;
        foreach (var happened in paying) Append(paid, happened);
        foreach (var happened in account) Append(happened);
        foreach (var stream in beside)
        {
            foreach (var happened in stream.Events) Append(stream, happened);
        }

        Hold();
        PlanWork();
    }

    private void Append(PaymentId paid, PaymentEvent happened)
    {
        var after = payments[paid] = this[paid].Evolve(happened, Now);
        Keep($"payment/{paid}", happened);
        foreach (var name in after.Learnt())
        {
            if (tenant.PaymentRefs.TryGetValue(name, out var other) && other != paid) throw new InvalidOperationException($"{name} leads to {other} and to {paid}.");
            tenant.PaymentRefs[name] = paid;
        }
    }

    private void Append(AccountEvent happened)
    {
        var before = Account;
        Account = Account.Evolve(happened, Now);
        Keep("account", happened);
        foreach (var fact in Account.Left) facts[fact.Name] = fact.Body;
        if (happened is ConsumptionEvent) consumptions[Account.Version] = happened;
        if (before.Totals.Spent() != Account.Totals.Spent() || before.Calls != Account.Calls) spent.Add((Now, Account.Totals.Spent(), Account.Calls));
    }

    private void Append(StreamEvents stream, object happened)
    {
        if (happened is PaymentEvent billed)
        {
            Append(new PaymentId(stream.Id), billed);
            return;
        }

        Keep($"{stream.Kind}/{stream.Id}", happened);
        switch (happened)
        {
            case SubscriptionEvent e:
                var id = new SubscriptionId(stream.Id);
                var after = this[id].Evolve(e, Now);
                if (e.Status != after.Status) throw new InvalidOperationException($"{e.GetType().Name} says {e.Status}, and {id} is {after.Status}.");
                subscriptions = subscriptions.SetItem(id, after);
                if (after.Refs.SubscriptionId is { } theirs) tenant.SubscriptionRefs.TryAdd($"{after.Provider}:{theirs}", id);
                break;
            case SubscriberEvent e:
                Subscriber = Subscriber.Evolve(e);
                break;
            case InvoicingEvent e:
                tenant.Evolve(e);
                break;
            case InvoiceEvent e:
                var invoice = this[new InvoiceId(stream.Id)].Evolve(e, Now);
                if (e.Status != invoice.Status) throw new InvalidOperationException($"{e.GetType().Name} says {e.Status}, and {invoice.Id} is {invoice.Status}.");
                invoices = invoices.SetItem(invoice.Id, invoice);
                break;
            default:
                throw new InvalidOperationException($"{happened.GetType().Name} is of no stream that is known here.");
        }
    }
}

/// <summary>Why something that was told was not applied.</summary>
/// <param name="Why">The reason.</param>
/// <param name="IsFinal">Whether it won't be as things are; else something is missing that may come.</param>
internal sealed record Unheard(string Why, bool IsFinal);
