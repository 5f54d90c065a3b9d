using System.Collections.Immutable;

namespace Ledger.Domain.Payments;

/// <summary>Where a payment stands. One machine for all providers; the words of each are mapped to these.</summary>
public enum PaymentStatus
{
    /// <summary>Wanted; nothing has been paid.</summary>
    Pending,

    /// <summary>The payer has to do something (3-D Secure).</summary>
    RequiresAction,

    /// <summary>Money is reserved, not taken.</summary>
    Authorized,

    /// <summary>Held for review by the provider's fraud check.</summary>
    Challenged,

    /// <summary>Paid. What it buys is fulfilled once.</summary>
    Succeeded,

    /// <summary>It came to nothing, or its amount was not what was asked.</summary>
    Failed,

    /// <summary>Given up before it was paid, or voided after.</summary>
    Canceled,

    /// <summary>Not paid in time.</summary>
    Expired,

    /// <summary>Some of the money went back.</summary>
    PartiallyRefunded,

    /// <summary>All of the money went back.</summary>
    Refunded,

    /// <summary>The payer's bank has asked the money back, and nothing is decided.</summary>
    Disputed,

    /// <summary>The payer's bank took the money back for good.</summary>
    DisputeLost,
}

/// <summary>How a provider names the things of one payment. Null where it has not told, or has none.</summary>
public sealed record ProviderRefs
{
    /// <summary>None is known.</summary>
    public static ProviderRefs None { get; } = new();

    /// <summary>Stripe's checkout session, <c>cs_...</c>.</summary>
    public string? CheckoutSessionId { get; init; }

    /// <summary>Stripe's payment intent, <c>pi_...</c>.</summary>
    public string? PaymentIntentId { get; init; }

    /// <summary>Stripe's charge, <c>ch_...</c>.</summary>
    public string? ChargeId { get; init; }

    /// <summary>The order id that we gave (Midtrans); one for each attempt.</summary>
    public string? OrderId { get; init; }

    /// <summary>Midtrans's transaction.</summary>
    public string? TransactionId { get; init; }

    /// <summary>The provider's customer.</summary>
    public string? CustomerId { get; init; }

    /// <summary>The provider's subscription that it is for.</summary>
    public string? SubscriptionId { get; init; }

    /// <summary>The provider's invoice that it is for.</summary>
    public string? InvoiceId { get; init; }

    /// <summary>These, with what <paramref name="newer"/> knows in place of what they know.</summary>
    public ProviderRefs With(ProviderRefs newer) => new()
    {
        CheckoutSessionId = newer.CheckoutSessionId ?? CheckoutSessionId,
        PaymentIntentId = newer.PaymentIntentId ?? PaymentIntentId,
        ChargeId = newer.ChargeId ?? ChargeId,
        OrderId = newer.OrderId ?? OrderId,
        TransactionId = newer.TransactionId ?? TransactionId,
        CustomerId = newer.CustomerId ?? CustomerId,
        SubscriptionId = newer.SubscriptionId ?? SubscriptionId,
        InvoiceId = newer.InvoiceId ?? InvoiceId,
    };

    /// <summary>
    /// The references that lead to one payment and no other, strongest first; the invoice, last, leads to one that has learnt that it does. The customer and the subscription do not: they are of many payments.
    /// </summary>
    public ImmutableArray<string> Leading => [.. new[] { PaymentIntentId, CheckoutSessionId, ChargeId, OrderId, TransactionId, InvoiceId }.OfType<string>()];
}

/// <summary>What we wrote on the provider's object and read back, or what an app wrote on a payment that no checkout of ours started.</summary>
/// <param name="Tenant"><c>ledger_tenant</c>.</param>
/// <param name="Account"><c>ledger_account</c>.</param>
/// <param name="Payment"><c>ledger_payment</c>.</param>
/// <param name="Credits"><c>ledger_credits</c> as it was written; how many credits to grant for a payment made outside our checkouts.</param>
public sealed record LedgerMarks(string? Tenant = null, string? Account = null, string? Payment = null, string? Credits = null)
{
    /// <summary>Nothing of ours is on it.</summary>
    public static LedgerMarks None { get; } = new();
}

/// <summary>What was paid with, for display.</summary>
/// <param name="Type">The provider's word: <c>card</c>, <c>qris</c>, <c>bank_transfer</c> ...</param>
/// <param name="Brand">A card's brand, or the bank or wallet.</param>
/// <param name="Last4">The last four characters of the card or account.</param>
/// <param name="ExpMonth">A card's last month, 1 to 12.</param>
/// <param name="ExpYear">A card's last year.</param>
/// <param name="ProviderId">The provider's id of a kept method, <c>pm_...</c>.</param>
public sealed record MethodShown(string Type, string? Brand = null, string? Last4 = null, int? ExpMonth = null, int? ExpYear = null, string? ProviderId = null);

/// <summary>One thing that a provider told about a payment, in words that no provider has for itself. A closed family; each is safe to hear twice and late.</summary>
public abstract record ProviderFact
{
    private protected ProviderFact()
    {
    }

    /// <summary>The provider's name as the HTTP contract has it: <c>stripe</c>, <c>midtrans</c>, <c>fake</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>All references that were told.</summary>
    public ProviderRefs Refs { get; init; } = ProviderRefs.None;

    /// <summary>What is written on the object.</summary>
    public LedgerMarks Marks { get; init; } = LedgerMarks.None;

    /// <summary>When it happened by the provider's clock; coarse, never an order of events. Null where the provider tells none.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>
    /// Whether it is only a hint, whose truth must be asked of the provider before anything is granted or revoked. A hint of any kind asks for that, also one that changes nothing by itself.
    /// </summary>
    public bool IsHint { get; init; }
}

/// <summary>Where the payment stands. Never <see cref="PaymentStatus.PartiallyRefunded"/>, <see cref="PaymentStatus.Refunded"/>, <see cref="PaymentStatus.Disputed"/> or <see cref="PaymentStatus.DisputeLost"/>: these follow from the facts below.</summary>
public sealed record PaymentTold : ProviderFact
{
    /// <summary>Where it stands.</summary>
    public required PaymentStatus Status { get; init; }

    /// <summary>What was received in all, where it succeeded (a partial capture: what was captured); else what was asked. Null where it was not told.</summary>
    public Money? Amount { get; init; }

    /// <summary>Why it failed or was canceled: the provider's code.</summary>
    public string? Reason { get; init; }

    /// <summary>What was paid with.</summary>
    public MethodShown? Method { get; init; }

    /// <summary>Whether a failure or void comes after the money had been ours (a reversal): what was granted goes back.</summary>
    public bool Reverses { get; init; }

    /// <summary>Whether a failed attempt leaves the payment open for another one.</summary>
    public bool MayStillSucceed { get; init; }
}

/// <summary>Details of a payment that change nothing: what it was paid with, its charge.</summary>
public sealed record DetailsTold : ProviderFact
{
    /// <summary>What was paid with.</summary>
    public MethodShown? Method { get; init; }
}

/// <summary>How a refund stands.</summary>
public enum RefundStatus
{
    /// <summary>Asked for, not sure.</summary>
    Pending,

    /// <summary>The money went back. It can still fail, weeks later.</summary>
    Succeeded,

    /// <summary>It came to nothing: the money is ours again.</summary>
    Failed,

    /// <summary>It was taken back before it was done.</summary>
    Canceled,
}

/// <summary>One refund of a payment.</summary>
public sealed record RefundTold : ProviderFact
{
    /// <summary>The provider's id of the refund, or the refund key that we gave.</summary>
    public required string RefundId { get; init; }

    /// <summary>The key or id that we gave it, where it is ours.</summary>
    public string? OurRefundId { get; init; }

    /// <summary>Its amount; not cumulative.</summary>
    public required Money Amount { get; init; }

    /// <summary>How it stands.</summary>
    public required RefundStatus Status { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Reason { get; init; }
}

/// <summary>All that has been refunded of a payment so far, captured money only: a cumulative figure, of which the highest counts.</summary>
public sealed record RefundedSoFarTold : ProviderFact
{
    /// <summary>The sum of all refunds that did not fail.</summary>
    public required Money Total { get; init; }
}

/// <summary>How a dispute stands.</summary>
public enum DisputeStatus
{
    /// <summary>A question of the bank: no money has moved, and nothing is frozen.</summary>
    Inquiry,

    /// <summary>The money is asked back; the lot is frozen.</summary>
    Open,

    /// <summary>The bank has taken the money and no way is known in which it comes back: credits are revoked as if it were lost, and the payment stays disputed.</summary>
    Withdrawn,

    /// <summary>Ours: the lot is free again.</summary>
    Won,

    /// <summary>The bank's: the credits are revoked.</summary>
    Lost,
}

/// <summary>One dispute or chargeback of a payment.</summary>
public sealed record DisputeTold : ProviderFact
{
    /// <summary>The provider's id of the dispute; the transaction's where it gives none.</summary>
    public required string DisputeId { get; init; }

    /// <summary>How much is disputed; may be less than the payment.</summary>
    public required Money Amount { get; init; }

    /// <summary>How it stands.</summary>
    public required DisputeStatus Status { get; init; }

    /// <summary>Why, in the bank's word.</summary>
    public string? Reason { get; init; }
}

/// <summary>A customer at the provider, linked to an account by its marks; or one that is no more.</summary>
public sealed record CustomerTold : ProviderFact
{
    /// <summary>Whether the provider deleted it.</summary>
    public bool Deleted { get; init; }
}

/// <summary>Nothing that the ledger acts on.</summary>
/// <param name="Why">What it was, for the list of deliveries.</param>
public sealed record IgnoredFact(string Why) : ProviderFact;
