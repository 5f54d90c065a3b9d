using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

// ---- State: what the next decision, and the next call to the provider, need. ----

/// <summary>A refund of a payment.</summary>
public sealed record Refund
{
    /// <summary>Ours, <c>rfd_...</c>, or the provider's where it was not begun here.</summary>
    public required string Id { get; init; }

    /// <summary>The provider's id; null where it has not told one yet.</summary>
    public string? ProviderId { get; init; }

    /// <summary>Minor units of the payment's currency.</summary>
    public required long Amount { get; init; }

    /// <summary>How it stands.</summary>
    public required RefundStatus Status { get; init; }

    /// <summary>Whether it was begun here.</summary>
    public bool IsOurs { get; init; }

    /// <summary>Whether the payer keeps the credits.</summary>
    public bool KeepsCredits { get; init; }

    /// <summary>Why; or why it failed.</summary>
    public string? Reason { get; init; }

    /// <summary>When it began here, or was first told.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>How often the provider was asked in vain.</summary>
    public int Tries { get; init; }

    /// <summary>When the provider is to be asked (again); null where nothing is to be asked.</summary>
    public DateTimeOffset? NextTry { get; init; }

    /// <summary>Whether it began here after the highest sum that the provider has told so far: then it is not in that sum.</summary>
    public bool IsBesideTotal { get; init; }

    /// <summary>Whether its money goes back, or has.</summary>
    public bool Counts => Status is RefundStatus.Pending or RefundStatus.Succeeded;
}

/// <summary>A dispute of a payment.</summary>
/// <param name="Id">The provider's id.</param>
/// <param name="Amount">Minor units of the payment's currency.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Reason">Why, in the bank's word.</param>
/// <param name="OpenedAt">When it was first told.</param>
public sealed record Dispute(string Id, long Amount, DisputeStatus Status, string? Reason, DateTimeOffset OpenedAt);

/// <summary>The provider's page, wanted or open.</summary>
public sealed record CheckoutPage
{
    /// <summary>When it closes.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the payer goes who has paid.</summary>
    public string? SuccessUrl { get; init; }

    /// <summary>Where the payer goes who gives up.</summary>
    public string? CancelUrl { get; init; }

    /// <summary>Whether the payer's method is kept for later charges.</summary>
    public bool KeepsMethod { get; init; }

    /// <summary>Where the payer is sent; null until it is open.</summary>
    public string? RedirectUrl { get; init; }

    /// <summary>A token for the provider's script.</summary>
    public string? Token { get; init; }

    /// <summary>How often the provider was asked in vain.</summary>
    public int Tries { get; init; }
}

/// <summary>A payment as its events made it. Immutable.</summary>
public sealed partial record Payment
{
    /// <summary>The most refunds that may be begun here.</summary>
    public const int RefundsMax = 100;

    /// <summary>Its name.</summary>
    public required PaymentId Id { get; init; }

    /// <summary>How many events made it; 0 where there is none.</summary>
    public long Version { get; init; }

    /// <summary>The account that it is for.</summary>
    public AccountId Account { get; init; }

    /// <summary>What it is for.</summary>
    public PaymentPurpose Purpose { get; init; }

    /// <summary>What is bought; null for a payment that was not begun here.</summary>
    public SoldItem? Item { get; init; }

    /// <summary>The subscription that it opens or renews; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>True where the provider charges it by itself, for the subscription: its invoice says how it stands. Else null, so that what was saved before stays as it was saved.</summary>
    public bool? IsBilled { get; init; }

    /// <summary>True where the provider's invoice leads to it; else null.</summary>
    public bool? LeadsByInvoice { get; init; }

    /// <summary>The provider; null where nothing is to be paid.</summary>
    public string? Provider { get; init; }

    /// <summary>What is to be paid, or was.</summary>
    public Money Amount { get; init; } = new(0, "");

    /// <summary>What it costs without a discount.</summary>
    public Money ListPrice { get; init; } = new(0, "");

    /// <summary>The credits that it buys; null where it buys none.</summary>
    public Credits? CreditAmount { get; init; }

    /// <summary>Where the payment itself stands: neither refunds nor disputes are in it. See <see cref="Status"/>.</summary>
    public PaymentStatus Standing { get; init; }

    /// <summary>Whether money that had been ours was taken back by the provider.</summary>
    public bool IsReversed { get; init; }

    /// <summary>The provider's references; of several of a kind the last, or those of the success.</summary>
    public ProviderRefs Refs { get; init; } = ProviderRefs.None;

    /// <summary>What was paid with.</summary>
    public MethodShown? Method { get; init; }

    /// <summary>Why it failed.</summary>
    public string? FailureReason { get; init; }

    /// <summary>Why somebody has to look at it; null where nobody has to.</summary>
    public string? Attention { get; init; }

    /// <summary>What somebody has looked at last, of what a provider charges by itself: told again, it is not listed again. Else null.</summary>
    public string? Resolved { get; init; }

    /// <summary>Whether money came that was not what was asked.</summary>
    public bool IsMismatched { get; init; }

    /// <summary>What it buys was delivered.</summary>
    public bool IsFulfilled { get; init; }

    /// <summary>The account's purchase; null where no credits were bought.</summary>
    public TransactionId? Purchase { get; init; }

    /// <summary>Credits taken back so far, less those that went back again.</summary>
    public Credits Revoked { get; init; }

    /// <summary>Credits that should have been taken back and could not be.</summary>
    public Credits Shortfall { get; init; }

    /// <summary>The highest sum of refunds that the provider told.</summary>
    public long RefundTotal { get; init; }

    /// <summary>Refunds, oldest first.</summary>
    public ValueList<Refund> Refunds { get; init; } = [];

    /// <summary>Disputes, oldest first.</summary>
    public ValueList<Dispute> Disputes { get; init; } = [];

    /// <summary>The provider's page; null for a payment that needs none.</summary>
    public CheckoutPage? Page { get; init; }

    /// <summary>The saved method that is charged without the payer; null where a page is opened.</summary>
    public SavedMethod? Charge { get; init; }

    /// <summary>Whether the provider may have been asked for the charge.</summary>
    public bool IsChargeBegun { get; init; }

    /// <summary>Whether it is a charge that nobody has been asked for yet: it can be called off, and then is never made.</summary>
    public bool CanBeCalledOff() => Charge is not null && Standing == PaymentStatus.Pending && !IsChargeBegun && !IsCharged && Page is { Tries: 0 };

    /// <summary>Whether the provider has taken the charge: from then on it is only asked how that stands.</summary>
    public bool IsCharged { get; init; }

    /// <summary>When the provider is to be asked next, for the page or for how it stands; null where nothing is.</summary>
    public DateTimeOffset? NextCall { get; init; }

    /// <summary>How often it was asked how it stands.</summary>
    public int Asked { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>When it began here.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was paid.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>When its last event was recorded.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether there is one.</summary>
    public bool Exists => Version > 0;

    /// <summary>Whether the money came, and has not been taken back by the provider itself.</summary>
    public bool HasSucceeded => Standing == PaymentStatus.Succeeded;

    /// <summary>What has gone back of the money, or is about to; at most the amount. Refunds count by their id, sums that were told by their maximum, with what began here since; what failed counts in neither.</summary>
    public long Refunded
    {
        get
        {
            long known = 0, told = RefundTotal;
            foreach (var refund in Refunds)
            {
                if (refund.Counts)
                {
                    known += refund.Amount;
                    if (refund.IsBesideTotal) told += refund.Amount;
                }
                else if (refund is { ProviderId: not null, IsBesideTotal: false })
                {
                    // What the provider never had is in no sum of its.
                    told -= refund.Amount;
                }
            }

            return Math.Clamp(Math.Max(known, told), 0, Amount.Amount);
        }
    }

    /// <summary>What the payer's bank took back, for good or with no way known in which it comes back; at most the amount.</summary>
    public long Lost
    {
        get
        {
            long lost = 0;
            foreach (var dispute in Disputes)
            {
                if (dispute.Status is DisputeStatus.Lost or DisputeStatus.Withdrawn) lost += dispute.Amount;
            }

            return Math.Min(lost, Amount.Amount);
        }
    }

    /// <summary>Whether all of the money has gone back for good, and no refund left the payer what it had bought.</summary>
    public bool IsTakenBack
    {
        get
        {
            if (IsReversed || Amount is not { Amount: > 0 }) return IsReversed;
            long open = 0;
            foreach (var refund in Refunds)
            {
                if (refund.Counts && (refund.KeepsCredits || refund.Status == RefundStatus.Pending)) open += refund.Amount;
            }

            return HasSucceeded && Refunded - open + Lost >= Amount.Amount;
        }
    }

    /// <summary>How it stands, in one word: disputes go before refunds, and an open dispute before a lost one.</summary>
    public PaymentStatus Status
    {
        get
        {
            if (Standing != PaymentStatus.Succeeded) return Standing;
            var lost = false;
            foreach (var dispute in Disputes)
            {
                if (dispute.Status is DisputeStatus.Open or DisputeStatus.Withdrawn) return PaymentStatus.Disputed;
                lost |= dispute.Status == DisputeStatus.Lost;
            }

            if (lost) return PaymentStatus.DisputeLost;
            return Refunded is var back && back == 0 ? PaymentStatus.Succeeded : back == Amount.Amount ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded;
        }
    }

    /// <summary>When something is to be asked of the provider next; null where nothing is.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            var next = NextCall;
            foreach (var refund in Refunds)
            {
                if (refund.NextTry is { } at && (next is null || at < next)) next = at;
            }

            return next;
        }
    }

    /// <summary>What has yet to be asked of the provider by <paramref name="now"/>, with the refund that it is about.</summary>
    public IEnumerable<(ProviderCall Call, Refund? Refund)> DueBy(DateTimeOffset now)
    {
        if (NextCall <= now) yield return (CallBy(now), null);
        foreach (var refund in (IEnumerable<Refund>)Refunds)
        {
            if (refund.NextTry <= now) yield return (ProviderCall.Refund, refund);
        }
    }

    private ProviderCall CallBy(DateTimeOffset now)
    {
        if (Standing != PaymentStatus.Pending) return ProviderCall.Ask;
        if (Charge is not null) return IsCharged ? ProviderCall.Ask : ProviderCall.Charge;
        return Page is { RedirectUrl: null } && Page.ExpiresAt > now ? ProviderCall.Open : ProviderCall.Ask;
    }

    /// <summary>A payment that there is not.</summary>
    public static Payment None(PaymentId id) => new() { Id = id };

    /// <summary>A refund by our id or the provider's, or null.</summary>
    public Refund? FindRefund(string? id)
    {
        foreach (var refund in Refunds)
        {
            if (id is not null && (refund.Id == id || refund.ProviderId == id)) return refund;
        }

        return null;
    }

    /// <summary>A dispute by the provider's id, or null.</summary>
    public Dispute? FindDispute(string id)
    {
        foreach (var dispute in Disputes)
        {
            if (dispute.Id == id) return dispute;
        }

        return null;
    }

    /// <summary>
    /// How many of the credits go back for the money that has: floor, at the unit's scale, of credits x money gone / amount; all of them for all of the money, or where the provider took it back itself.
    /// Money of refunds that leave the payer the credits does not count.
    /// </summary>
    /// <param name="scale">Decimals of the account's amounts, 0 to 6.</param>
    public Credits CreditsGone(int scale)
    {
        if (CreditAmount is not { } credits) return Credits.Zero;
        if (IsReversed) return credits;
        long kept = 0;
        foreach (var refund in Refunds)
        {
            if (refund is { Counts: true, KeepsCredits: true }) kept += refund.Amount;
        }

        var gone = Math.Max(0, Refunded - kept) + Lost;
        if (gone == 0 || Amount.Amount == 0) return Credits.Zero;
        if (gone >= Amount.Amount) return credits;
        // At most 10^12 credits in millionths and 10^15 minor units: below 2^127.
        var micros = (Int128)(credits.Value * 1_000_000m) * gone / Amount.Amount;
        for (var decimals = Credits.ScaleMax; decimals > scale; decimals--) micros /= 10;
        var amount = (decimal)micros;
        for (var decimals = scale; decimals > 0; decimals--) amount /= 10;
        return amount;
    }
}
