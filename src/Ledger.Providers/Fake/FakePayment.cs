using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Fake;

/// <summary>What somebody does at the page of the provider that is none, or what its bank does later.</summary>
public enum FakeDecision
{
    /// <summary>The payer pays.</summary>
    Pay,

    /// <summary>The card is declined; the payer may try again.</summary>
    Decline,

    /// <summary>The payer gives up; the page closes.</summary>
    GiveUp,

    /// <summary>All that is left is given back from the provider's own side.</summary>
    Refund,

    /// <summary>The payer's bank asks the money back.</summary>
    Dispute,

    /// <summary>The dispute ends for us.</summary>
    WinDispute,

    /// <summary>The dispute ends for the bank.</summary>
    LoseDispute,
}

/// <summary>One refund at the provider that is none.</summary>
/// <param name="Id">Its name there.</param>
/// <param name="OurId">Our refund; null where it was made there.</param>
/// <param name="Amount">How much.</param>
public sealed record FakeRefund(string Id, string? OurId, Money Amount);

/// <summary>A page, and all that came of it.</summary>
public sealed record FakePayment
{
    /// <summary>The kept method that all pages are paid with.</summary>
    public const string Method = "fpm_card";

    /// <summary>The page's name, <c>fcs_...</c>.</summary>
    public required string Session { get; init; }

    /// <summary>What was ordered.</summary>
    public required CheckoutOrder Order { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where it stands: pending, failed (it may be tried again), expired or succeeded.</summary>
    public PaymentStatus Status { get; init; } = PaymentStatus.Pending;

    /// <summary>Whether it was taken by a kept method, without a page that anybody could try again at.</summary>
    public bool IsCharge { get; init; }

    /// <summary>What went back.</summary>
    public ImmutableList<FakeRefund> Refunds { get; init; } = [];

    /// <summary>How its dispute stands; null where there is none.</summary>
    public DisputeStatus? Dispute { get; init; }

    /// <summary>How often something was decided; it tells notifications apart.</summary>
    public int Decisions { get; init; }

    /// <summary>When the latest was decided.</summary>
    public DateTimeOffset DecidedAt { get; init; }

    /// <summary>What could still be given back.</summary>
    public Money Left => Status == PaymentStatus.Succeeded ? Order.Total with { Amount = Order.Total.Amount - Refunds.Sum(refund => refund.Amount.Amount) } : Order.Total with { Amount = 0 };

    /// <summary>Its references.</summary>
    public ProviderRefs Refs => new() { CheckoutSessionId = Session, PaymentIntentId = Status == PaymentStatus.Pending ? null : $"fpi_{Order.Payment}" };
}

/// <summary>A notification that the provider that is none would send: to be posted to the tenant's webhook as it is.</summary>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Body">The raw body.</param>
/// <param name="Signature">The value of the header <see cref="FakeProvider.SignatureHeader"/>.</param>
public sealed record FakeNotification(string Tenant, byte[] Body, string Signature);
