using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

/// <summary>One account and its payments in memory: loads what a command names, decides, appends, keeps facts, and checks the laws after every step.</summary>
internal sealed class PaymentWorld
{
    public const string Tag = "0123456789abcdef";
    public static readonly AccountId Id = new("acct_1");
    public static readonly PaymentId First = PaymentId.Of(1);

    private readonly Dictionary<PaymentId, Payment> payments = [];
    private readonly Dictionary<FactName, FactBody> facts = [];
    private readonly Dictionary<string, PaymentId> refs = new(StringComparer.Ordinal);
    private readonly Dictionary<InvoiceId, Invoice> invoices = [];

    public DateTimeOffset Now { get; set; } = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    public bool AllowsDebt { get; set; }

    public Account Account { get; private set; } = Account.Unopened(Id);

    public BillingPolicy Policy { get; set; } = BillingPolicy.Default;

    public Invoicing Numbers { get; private set; } = new();

    public List<object> Happened { get; } = [];

    public Invoice this[InvoiceId id] => invoices.GetValueOrDefault(id) ?? Invoice.None(id);

    public Payment this[PaymentId id] => payments.GetValueOrDefault(id) ?? Payment.None(id);

    public Payment Payment => this[First];

    public void Open(int scale = 6)
    {
        if (!Account.Exists) Do(new OpenAccount { Account = Id, Tag = Tag, Owner = new(OwnerKind.User, "u_1"), Scale = scale });
    }

    public void Do(AccountCommand command)
    {
        var past = new Recollection(facts.Where(fact => command.Names.Facts.Contains(fact.Key)).Select(fact => new Fact(fact.Key, fact.Value)), []);
        var decision = command.Decide(Account, null, past, Now);
        foreach (var happened in decision.ShouldBeOfType<Decision.Accepted>().Streams[0].Events) Append(happened);
    }

    /// <summary>Begins the usual purchase: a package of 15 credits for 15.00 dollars.</summary>
    public PaymentDecision Buy(PaymentId? id = null, CatalogItem? item = null, long quantity = 1, string? provider = "stripe", bool open = true)
    {
        if (open) Open();
        return Send(new StartCheckout { Payment = id ?? First, Account = Id, Item = item ?? CatalogItem.Begin(ItemKind.Package, "medium"), Quantity = quantity, Provider = provider });
    }

    public void Page(PaymentId? id = null) => Send(new RecordCheckoutPage { Payment = id ?? First, Refs = new() { CheckoutSessionId = "cs_1" }, RedirectUrl = "https://pay.example/cs_1", Attempt = 1 }).ShouldBeOfType<PaymentDecision.Accepted>();

    public PaymentDecision Tell(ProviderFact fact, PaymentId? id = null) => Send(new ApplyProviderFact { Payment = id ?? First, Tenant = "default", Fact = fact, AllowsDebt = AllowsDebt });

    public PaymentTold Told(PaymentStatus status, long? amount = 1500, string currency = "usd", bool reverses = false, bool again = false, string? reason = null) => new()
    {
        Provider = "stripe",
        Refs = new() { PaymentIntentId = "pi_1" },
        Status = status,
        Amount = amount is { } given ? new Money(given, currency) : null,
        Reverses = reverses,
        MayStillSucceed = again,
        Reason = reason,
    };

    public PaymentDecision Pay() => Tell(Told(PaymentStatus.Succeeded));

    public static RefundTold Refunded(long amount, string id = "re_1", RefundStatus status = RefundStatus.Succeeded, string? ours = null) =>
        new() { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_1" }, RefundId = id, OurRefundId = ours, Amount = new(amount, "usd"), Status = status };

    public static RefundedSoFarTold Total(long amount) => new() { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_1" }, Total = new(amount, "usd") };

    public static DisputeTold Disputed(DisputeStatus status, long amount = 1500, string id = "dp_1") => new() { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_1" }, DisputeId = id, Amount = new(amount, "usd"), Status = status };

    public PaymentDecision Send(PaymentCommand command)
    {
        var payment = this[command.Payment];
        var names = PaymentPast.NamesOf(command.Payment, payment.Purchase).Facts;
        var past = new PaymentPast([.. facts.Where(fact => names.Contains(fact.Key)).Select(fact => new Fact(fact.Key, fact.Value))], refs.ToImmutableDictionary(StringComparer.Ordinal))
        {
            Billing = new() { Policy = Policy, Invoicing = Numbers, Invoices = invoices.ToImmutableDictionary() },
        };
        var decision = command.Decide(payment, Account, past, Now);
        if (decision is not PaymentDecision.Accepted accepted) return decision;
        foreach (var happened in accepted.Payment)
        {
            payment = payment.Evolve(happened, Now);
            payments[command.Payment] = payment;
            Happened.Add(happened);
            (happened.Status, happened.Refunded, happened.NeedsAttention).ShouldBe((payment.Status, payment.Refunded, payment.Attention is not null), "witnesses");
            foreach (var name in payment.Learnt())
            {
                refs.GetValueOrDefault(name, payment.Id).ShouldBe(payment.Id, "a reference leads to one payment");
                refs[name] = payment.Id;
            }
        }

        accepted.After.ShouldBe(payment);
        foreach (var happened in accepted.Account) Append(happened);
        foreach (var stream in accepted.Beside) Append(stream);
        Laws(payment);
        InvoiceLaws(payment);
        return decision;
    }

    private void Append(AccountEvent happened)
    {
        Account = Account.Evolve(happened, Now);
        Happened.Add(happened);
        foreach (var fact in Account.Left) facts[fact.Name] = fact.Body;
    }

    private void Append(StreamEvents stream)
    {
        foreach (var happened in stream.Events)
        {
            if (happened is InvoicingEvent numbered) Numbers = Numbers.Evolve(numbered);
            if (happened is not InvoiceEvent invoiced) continue;
            var id = new InvoiceId(stream.Id);
            invoices[id] = this[id].Evolve(invoiced, Now);
            invoiced.Status.ShouldBe(this[id].Status, "the witness");
        }
    }

    // Whatever happens to a payment, its invoice says the same.
    private void InvoiceLaws(Payment payment)
    {
        var invoice = this[InvoiceId.Of(payment.Id)];
        var paid = (payment.HasSucceeded || payment.IsReversed) && payment.Amount.Amount > 0;
        invoice.Exists.ShouldBe(paid, "what was paid has an invoice, and nothing else");
        if (!paid) return;
        invoice.Total.ShouldBe(payment.Amount);
        (invoice.Net.Amount + invoice.Tax.Amount).ShouldBe(invoice.Total.Amount);
        (invoice.Lines.Sum(line => line.Amount.Amount) - invoice.Discount.Amount).ShouldBe(invoice.Total.Amount);
        invoice.Credited.Amount.ShouldBe(payment.IsReversed ? payment.Amount.Amount : Math.Min(payment.Refunded + payment.Lost, payment.Amount.Amount), "what went back is credited");
        invoice.Notes.Sum(note => note.Tax.Amount).ShouldBe(Tax.In(invoice.Credited, invoice.TaxPercent).Amount);
        (invoice.Account, invoice.Payment, invoice.PaidAt).ShouldBe((payment.Account, payment.Id, payment.PaidAt));
    }

    private static void Laws(Payment payment)
    {
        payment.Refunded.ShouldBeInRange(0, payment.Amount.Amount);
        (payment.Revoked + payment.Shortfall).ShouldBeInRange(Credits.Zero, payment.CreditAmount ?? Credits.Zero);
        payment.Shortfall.IsNegative.ShouldBeFalse();
        if (payment.Purchase is not null) payment.IsFulfilled.ShouldBeTrue();
        if (payment.Status is PaymentStatus.Refunded or PaymentStatus.PartiallyRefunded) payment.HasSucceeded.ShouldBeTrue();
    }
}
