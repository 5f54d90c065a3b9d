using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>The answer to a checkout.</summary>
public sealed record CheckoutBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The payment that it began.</summary>
    public required PaymentId PaymentId { get; init; }

    /// <summary>pending; succeeded where nothing was to be paid; failed where the provider refused it.</summary>
    public required PaymentStatus Status { get; init; }

    /// <summary>What is to be paid.</summary>
    public required Money Amount { get; init; }

    /// <summary>What it costs without a discount.</summary>
    public required Money ListPrice { get; init; }

    /// <summary>What is taken off.</summary>
    public required Money Discount { get; init; }

    /// <summary>Where to send the payer; null where nothing is to be paid, or the provider could not be asked yet: repeat the request, with the same key, to get it.</summary>
    public string? RedirectUrl { get; init; }

    /// <summary>A token for the provider's script.</summary>
    public string? Token { get; init; }

    /// <summary>When the page closes.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Why the provider refused it.</summary>
    public string? FailureReason { get; init; }

    internal static CheckoutBody Of(Payment payment) => new()
    {
        Id = payment.Id.Behind("chk_"),
        PaymentId = payment.Id,
        // As it was answered first, whatever has become of the payment since; a checkout that never had a page failed.
        Status = payment.Page is null ? PaymentStatus.Succeeded : payment.Page.RedirectUrl is not null ? PaymentStatus.Pending : payment.Status,
        Amount = payment.Amount,
        ListPrice = payment.ListPrice,
        Discount = payment.ListPrice with { Amount = payment.ListPrice.Amount - payment.Amount.Amount },
        RedirectUrl = payment.Page?.RedirectUrl,
        Token = payment.Page?.Token,
        ExpiresAt = payment.Page?.ExpiresAt,
        FailureReason = payment.Page is { RedirectUrl: null } ? payment.FailureReason : null,
    };
}

/// <summary>How a provider names the things of a payment.</summary>
public sealed record ProviderRefsBody(
    string? CheckoutSessionId, string? PaymentIntentId, string? ChargeId, string? OrderId, string? TransactionId, string? CustomerId, string? SubscriptionId, string? InvoiceId);

/// <summary>What was paid with, for display.</summary>
/// <param name="Type">card, qris, bank_transfer ...</param>
/// <param name="Brand">A card's brand, or the bank or wallet.</param>
/// <param name="Last4">The last characters of the card or account.</param>
/// <param name="ExpMonth">A card's last month.</param>
/// <param name="ExpYear">A card's last year.</param>
public sealed record MethodBody(string Type, string? Brand, string? Last4, int? ExpMonth, int? ExpYear);

/// <summary>What was sold, as it was when it was sold.</summary>
/// <param name="Kind">package, plan or product.</param>
/// <param name="Id">Its id in the catalogue.</param>
/// <param name="Version">Its version.</param>
/// <param name="Name">As the payer read it.</param>
/// <param name="Quantity">How many.</param>
/// <param name="UnitPrice">The price of one.</param>
public sealed record SoldItemBody(ItemKind Kind, string Id, long Version, string Name, long Quantity, Money UnitPrice);

/// <summary>A refund of a payment.</summary>
/// <param name="Id">Ours, or the provider's where it was not begun here.</param>
/// <param name="Amount">How much goes back.</param>
/// <param name="Status">pending, succeeded, failed or canceled.</param>
/// <param name="ProviderRefundId">The provider's id.</param>
/// <param name="Reason">Why, or why it failed.</param>
/// <param name="RevokesCredits">Whether its share of the credits goes back too.</param>
/// <param name="CreatedAt">When it began here, or was first told.</param>
public sealed record RefundBody(string Id, Money Amount, RefundStatus Status, string? ProviderRefundId, string? Reason, bool RevokesCredits, DateTimeOffset CreatedAt);

/// <summary>A dispute of a payment.</summary>
/// <param name="Id">The provider's id.</param>
/// <param name="Amount">How much is disputed.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Reason">Why, in the bank's word.</param>
/// <param name="OpenedAt">When it was first told.</param>
public sealed record DisputeBody(string Id, Money Amount, DisputeStatus Status, string? Reason, DateTimeOffset OpenedAt);

/// <summary>A status that a payment came to.</summary>
/// <param name="Status">The status.</param>
/// <param name="At">When.</param>
/// <param name="ProviderEventId">The provider's event that told it; null where none did.</param>
/// <param name="Resolved">What was done about it, where somebody looked at the payment and resolved it; null for a status that it came to.</param>
public sealed record StatusBody(PaymentStatus Status, DateTimeOffset At, string? ProviderEventId, string? Resolved = null);

/// <summary>A payment as clients see it.</summary>
public sealed record PaymentBody
{
    /// <summary>Its id.</summary>
    public required PaymentId Id { get; init; }

    /// <summary>The account that it is for.</summary>
    public required AccountId AccountId { get; init; }

    /// <summary>credits, subscription or product.</summary>
    public required PaymentPurpose Purpose { get; init; }

    /// <summary>Where it stands.</summary>
    public required PaymentStatus Status { get; init; }

    /// <summary>What is to be paid, or was.</summary>
    public required Money Amount { get; init; }

    /// <summary>What has gone back, or is about to.</summary>
    public required Money AmountRefunded { get; init; }

    /// <summary>ISO 4217, lower case.</summary>
    public required string Currency { get; init; }

    /// <summary>The provider; null where nothing was to be paid.</summary>
    public string? Provider { get; init; }

    /// <summary>How the provider names its things.</summary>
    public required ProviderRefsBody ProviderRefs { get; init; }

    /// <summary>What was paid with.</summary>
    public MethodBody? Method { get; init; }

    /// <summary>Why it failed.</summary>
    public string? FailureReason { get; init; }

    /// <summary>The credits that it buys.</summary>
    public Credits? CreditAmount { get; init; }

    /// <summary>Credits that were taken back.</summary>
    public Credits? CreditsRevoked { get; init; }

    /// <summary>Credits that should have been taken back and could not be.</summary>
    public Credits? Shortfall { get; init; }

    /// <summary>The account's purchase.</summary>
    public TransactionId? PurchaseId { get; init; }

    /// <summary>What was sold.</summary>
    public SoldItemBody? Item { get; init; }

    /// <summary>The promotion code that was used.</summary>
    public string? PromoCode { get; init; }

    /// <summary>The referral code that was used.</summary>
    public string? ReferralCode { get; init; }

    /// <summary>Whether somebody has to look at it.</summary>
    public required bool NeedsAttention { get; init; }

    /// <summary>Why.</summary>
    public string? Attention { get; init; }

    /// <summary>Refunds, oldest first.</summary>
    public required IReadOnlyList<RefundBody> Refunds { get; init; }

    /// <summary>Disputes, oldest first.</summary>
    public required IReadOnlyList<DisputeBody> Disputes { get; init; }

    /// <summary>How many events made it.</summary>
    public required long Version { get; init; }

    /// <summary>When it began here.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was paid.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>When its last event was recorded.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>The statuses that it came to, oldest first; not in lists.</summary>
    public IReadOnlyList<StatusBody>? History { get; init; }

    /// <summary>The refund that the command began.</summary>
    public RefundBody? Refund { get; init; }

    /// <summary>Of a dry run of a refund: what is left of the period's credits, and will be taken back once the provider has given all of the money back; null where nothing will be.</summary>
    public Credits? PeriodCredits { get; init; }

    /// <summary>Whether this is what would be, and nothing was done.</summary>
    public bool? DryRun { get; init; }

    internal static PaymentBody Of(Payment payment, IReadOnlyList<StoredEvent>? events = null)
    {
        var refs = payment.Refs;
        return new PaymentBody
        {
            Id = payment.Id,
            AccountId = payment.Account,
            Purpose = payment.Purpose,
            Status = payment.Status,
            Amount = payment.Amount,
            AmountRefunded = payment.Amount with { Amount = payment.Refunded },
            Currency = payment.Amount.Currency,
            Provider = payment.Provider,
            ProviderRefs = new(refs.CheckoutSessionId, refs.PaymentIntentId, refs.ChargeId, refs.OrderId, refs.TransactionId, refs.CustomerId, refs.SubscriptionId, refs.InvoiceId),
            Method = payment.Method is { } method ? new(method.Type, method.Brand, method.Last4, method.ExpMonth, method.ExpYear) : null,
            FailureReason = payment.FailureReason,
            CreditAmount = payment.CreditAmount,
            CreditsRevoked = payment.CreditAmount is null ? null : payment.Revoked,
            Shortfall = payment.CreditAmount is null ? null : payment.Shortfall,
            PurchaseId = payment.Purchase,
            Item = payment.Item is { } item ? new(item.Kind, item.Id, item.Version, item.Name, item.Quantity, item.UnitPrice) : null,
            NeedsAttention = payment.Attention is not null,
            Attention = payment.Attention,
            Refunds = [.. payment.Refunds.Select(refund => RefundOf(payment, refund))],
            Disputes = [.. payment.Disputes.Select(dispute => new DisputeBody(dispute.Id, payment.Amount with { Amount = dispute.Amount }, dispute.Status, dispute.Reason, dispute.OpenedAt))],
            Version = payment.Version,
            CreatedAt = payment.CreatedAt,
            PaidAt = payment.PaidAt,
            UpdatedAt = payment.UpdatedAt,
            Metadata = payment.Metadata ?? Domain.Metadata.Empty,
            History = events is null ? null : HistoryOf(events),
        };
    }

    internal static RefundBody RefundOf(Payment payment, Refund refund) =>
        new(refund.Id, payment.Amount with { Amount = refund.Amount }, refund.Status, refund.ProviderId, refund.Reason, !refund.KeepsCredits, refund.CreatedAt);

    // Each status once for each time that it was come to, and what people did about it; several events of one commit are one step.
    private static List<StatusBody> HistoryOf(IReadOnlyList<StoredEvent> events)
    {
        var history = new List<StatusBody>();
        for (var i = 0; i < events.Count; i++)
        {
            var status = ((PaymentEvent)events[i].Data).Status;
            if (events[i].Data is AttentionResolved resolved) history.Add(new StatusBody(status, events[i].RecordedAt, null, resolved.Reason));
            else if (history.Count == 0 || history[^1].Status != status) history.Add(new StatusBody(status, events[i].RecordedAt, EventIdOf(events[i].Meta.Causation)));
        }

        return history;
    }

    // Webhooks apply under the key wh/{provider}/{event id}/{number of the fact}/{hash}.
    private static string? EventIdOf(string? causation)
    {
        if (causation is null || !causation.StartsWith(PaymentHallway.KeyOf("wh/"), StringComparison.Ordinal)) return null;
        var parts = causation.Split('/');
        return parts.Length < 5 ? null : parts[2]; // a replay has its round behind it
    }
}

/// <summary>Whether an account may use a product.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Product">The product.</param>
/// <param name="Access">Whether it may.</param>
/// <param name="Source">purchase; subscription where it is included in the account's; or none.</param>
/// <param name="PaymentId">The payment that bought it.</param>
/// <param name="Since">When it was bought.</param>
/// <param name="SubscriptionId">The subscription that includes it.</param>
public sealed record AccessBody(AccountId AccountId, string Product, bool Access, string Source, PaymentId? PaymentId, DateTimeOffset? Since, SubscriptionId? SubscriptionId = null);

/// <summary>A page of the provider's for its customer.</summary>
/// <param name="Url">Where to send the customer; good for a short time.</param>
/// <param name="Provider">The provider.</param>
public sealed record PortalBody(string Url, string Provider);
