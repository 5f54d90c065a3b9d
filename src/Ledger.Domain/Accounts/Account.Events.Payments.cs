namespace Ledger.Domain.Accounts;

// ---- Events that the payments behind purchases bring, beside CreditsPurchased and PurchaseRefunded. ----

/// <summary>A refund of a purchase came to nothing: what it had revoked is back, and what nothing had covered is no loss any more.</summary>
public sealed record PurchaseRestored : IncomingEvent
{
    /// <summary>The purchase.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>The purchase's lot as it is after this, and before it the one that this makes, where it makes one.</summary>
    public required ValueList<Lot> Lots { get; init; }

    /// <summary>Of the amount: what other lots had given and what had become debt; null for nothing.</summary>
    public Credits? Elsewhere { get; init; }

    /// <summary>What comes off the purchase's shortfall besides; null for nothing.</summary>
    public Shortfall? Shortfall { get; init; }

    /// <summary>The refund or dispute of the payment.</summary>
    public string? Refund { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.PurchaseRefund;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>A purchase was refunded and nothing could be revoked for it. The balance stays.</summary>
public sealed record ShortfallRecorded : AccountEvent
{
    /// <summary>The purchase.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>What nothing covered.</summary>
    public required Shortfall Shortfall { get; init; }

    /// <summary>The purchase's lot as it is after this, where it holds nothing.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <summary>The refund or dispute of the payment.</summary>
    public string? Refund { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A refund of a purchase that nothing had been revoked for came to nothing. The balance stays.</summary>
public sealed record ShortfallLifted : AccountEvent
{
    /// <summary>The purchase.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>What comes off its shortfall.</summary>
    public required Shortfall Shortfall { get; init; }

    /// <summary>The purchase's lot as it is after this, where it holds nothing.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <summary>The refund or dispute of the payment.</summary>
    public string? Refund { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>The payment of a purchase is disputed: what its lot holds, and what comes back to it, counts in the balance and is not spent.</summary>
public sealed record LotFrozen : AccountEvent
{
    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>The dispute.</summary>
    public required string Dispute { get; init; }

    /// <summary>What this takes from what is available, 0 or more: a witness.</summary>
    public required Credits Amount { get; init; }

    /// <summary>The lot as it is after this, where it holds nothing.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A dispute of a purchase's payment is over. Where it was the last one, what the lot holds pays the debt that stands, and the rest is free.</summary>
public sealed record LotUnfrozen : AccountEvent
{
    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>The dispute.</summary>
    public required string Dispute { get; init; }

    /// <summary>What is not frozen any more, 0 or more, before it pays debt: a witness.</summary>
    public required Credits Amount { get; init; }

    /// <summary>Which debts the lot pays, in that order; null for none. The balance stays.</summary>
    public ValueList<DebtPayment>? Pays { get; init; }

    /// <summary>The lot as it is after this, where it holds nothing.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}
