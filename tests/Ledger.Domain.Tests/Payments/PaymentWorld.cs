using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
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

    public DateTimeOffset Now { get; set; } = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    public bool AllowsDebt { get; set; }

    public Account Account { get; private set; } = Account.Unopened(Id);

    public List<object> Happened { get; } = [];

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
        var past = new PaymentPast([.. facts.Where(fact => names.Contains(fact.Key)).Select(fact => new Fact(fact.Key, fact.Value))], refs.ToImmutableDictionary(StringComparer.Ordinal));
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
        Laws(payment);
        return decision;
    }

    private void Append(AccountEvent happened)
    {
        Account = Account.Evolve(happened, Now);
        Happened.Add(happened);
        foreach (var fact in Account.Left) facts[fact.Name] = fact.Body;
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
