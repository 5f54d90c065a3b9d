using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;

namespace Ledger.Domain.Payments;

// A payment, its account and what is beside that while a command is decided: each event is applied as it is made, so that the next one sees it.
internal sealed partial class PaymentDraft(Payment payment, BillingDraft billing)
{
    private readonly DateTimeOffset now = billing.Now;

    private readonly ImmutableArray<PaymentEvent>.Builder events = ImmutableArray.CreateBuilder<PaymentEvent>();

    private readonly bool wasTakenBack = payment.IsTakenBack;

    public Payment Payment { get; private set; } = payment;

    /// <summary>A payment of a command of its own.</summary>
    public PaymentDraft(Payment payment, Account? account, PaymentPast past, DateTimeOffset now)
        : this(payment, new BillingDraft(past.Billing with { Account = account, AccountFacts = past.AccountFacts }, now))
    {
    }

    /// <summary>The account, its subscription and its invoices.</summary>
    public BillingDraft Billing => billing;

    public Account? Account => Billing.Account;

    public DateTimeOffset Now => now;

    public bool IsEmpty => events.Count == 0;

    /// <summary>Whether one of the events has brought references.</summary>
    public bool HasLearnt { get; private set; }

    public void Add(PaymentEvent happened)
    {
        if (happened is AttentionNeeded needed && needed.Reason == Payment.Attention) return;
        Payment = Payment.Evolve(happened, now);
        HasLearnt |= Payment.Learnt().Count > 0;
        events.Add(happened with { Status = Payment.Status, Refunded = Payment.Refunded, NeedsAttention = Payment.Attention is not null });
    }

    /// <summary>Other money came than was asked: it is kept, and nothing is delivered for it.</summary>
    public void Mismatch(string wrong, Money? received, ProviderRefs? refs) =>
        Add(new PaymentMismatched { Reason = wrong + " Nothing was delivered for it: refund it with the provider, or grant the credits.", Received = received, Refs = refs });

    /// <summary>Opens the account where there is none; the refusal where that can't be.</summary>
    public Refusal? Open(OpenAccount opening) => Account is { Exists: true } ? null : Run(opening, out _);

    /// <summary>Does something to the account. Its events are none where nothing had to change; the refusal where it is refused.</summary>
    public Refusal? Run(AccountCommand command, out ImmutableArray<AccountEvent> happened) => Billing.Run(command, out happened);

    /// <summary>Delivers what was paid, once. What stands in the way is written on the payment, for the money is ours.</summary>
    /// <returns>What stands in the way, for a checkout without money, which may still be refused; null where nothing does.</returns>
    public Refusal? Fulfil(bool fromProvider)
    {
        // What a provider charges by itself is delivered with its paid invoice.
        if (Payment.IsFulfilled || !Payment.HasSucceeded || Payment.IsBilled == true) return null;
        if (Payment.Subscription is { } subscription) return FulfilPlan(subscription);
        if (Payment.CreditAmount is not { } credits)
        {
            Add(new PaymentFulfilled());
            return null;
        }

        var refusal = Purchase(credits, fromProvider, out var purchase);
        if (refusal is not null)
        {
            Add(new AttentionNeeded { Reason = $"It was paid, and its credits could not be added to the account. {refusal.Detail}" });
            return refusal;
        }

        Add(new PaymentFulfilled { Purchase = purchase });
        if (Account!.Status == AccountStatus.Closed) Add(new AttentionNeeded { Reason = $"Account {Account.Id} is closed: the credits wait in a lot that can't be spent. Refund the payment." });
        return null;
    }

    /// <summary>Takes credits back, or gives them back, until as many are gone as the money that has gone asks for.</summary>
    /// <param name="allowDebt">Whether what was spent becomes debt.</param>
    /// <param name="fromProvider">Whether the provider told it: then it is never refused.</param>
    /// <param name="cause">The refund or dispute.</param>
    /// <param name="reason">Why.</param>
    /// <returns>Why the account refuses; null where it does not.</returns>
    public Refusal? SettleCredits(bool allowDebt, bool fromProvider, string? cause, string? reason)
    {
        if (Payment.Purchase is not { } purchase || Account is null) return null;
        var target = Payment.CreditsGone(Account.Scale);
        var handled = Payment.Revoked + Payment.Shortfall;
        if (target > handled)
        {
            var asked = target - handled;
            var revoke = new RevokePurchase { Account = Account.Id, Transaction = purchase, Amount = asked, AllowDebt = allowDebt, FromProvider = fromProvider, Reason = reason, Refund = cause };
            if (Run(revoke, out var happened) is { } refusal) return refusal;
            Credits revoked = 0, shortfall = 0;
            foreach (var one in happened)
            {
                if (one is PurchaseRefunded refunded) (revoked, shortfall) = (refunded.Amount, refunded.Shortfall?.Amount ?? Credits.Zero);
                if (one is ShortfallRecorded recorded) shortfall = recorded.Shortfall.Amount;
            }

            if ((revoked + shortfall).IsPositive) Add(new PaymentCreditsRevoked { Amount = revoked, Shortfall = shortfall });
        }
        else if (target < handled)
        {
            var undone = handled - target;
            if (Run(new RestorePurchase { Account = Account.Id, Transaction = purchase, Amount = undone, Refund = cause, Reason = reason }, out _) is { } refusal) return refusal;
            var shortfall = Credits.Min(undone, Payment.Shortfall);
            Add(new PaymentCreditsRestored { Amount = undone - shortfall, Shortfall = shortfall });
        }

        return null;
    }

    /// <summary>Writes what has happened beside the command of another stream.</summary>
    public void Close()
    {
        if (IsEmpty) return;
        WriteInvoice();
        foreach (var happened in events) Billing.Add(Payment.Id, happened);
    }

    public PaymentDecision Done(string nothing)
    {
        if (IsEmpty) return new PaymentDecision.Nothing(nothing);
        if (!wasTakenBack && Payment.IsTakenBack) TakePlanBack();
        WriteInvoice();
        return new PaymentDecision.Accepted(events.ToImmutable(), Billing.AccountEvents, Payment) { Beside = Billing.Beside };
    }

    // Counted before, by an app that told of the payment itself: that purchase is this one's.
    private Refusal? Purchase(Credits credits, bool fromProvider, out TransactionId? purchase)
    {
        purchase = null;
        if (Account is not { Exists: true }) return new AccountNotFound(Payment.Account);
        var buy = new PurchaseCredits
        {
            Account = Account.Id,
            CreditAmount = credits,
            Price = Payment.Amount,
            PaymentId = Payment.Id.Value,
            ExpiresAt = Payment.Item?.ExpiresAfterDays is { } days ? now.AddDays(days) : null,
            FromProvider = fromProvider,
        };
        if (Run(buy, out var happened) is { } refusal) return refusal;
        foreach (var one in happened)
        {
            if (one is CreditsPurchased bought) purchase = bought.Id;
        }

        foreach (var fact in Billing.Facts)
        {
            if (purchase is null && fact is { Body: PaymentCounted counted } && fact.Name == FactName.Payment(Payment.Id.Value)) purchase = TransactionId.For(Account.Tag, counted.Version);
        }

        return null;
    }
}
