namespace Ledger.Domain.Accounts;

// ---- Events: what happened. Names and members are stored for ever; a member is only ever added, and then optional. ----

/// <summary>Something that happened to an account. A closed family.</summary>
public abstract record AccountEvent
{
    private protected AccountEvent()
    {
    }
}

/// <summary>An event that moved the balance. <see cref="Before"/>, <see cref="After"/> and <see cref="Available"/> are witnesses: answers and audits read them, the state never does.</summary>
public abstract record TransactionEvent : AccountEvent
{
    private protected TransactionEvent()
    {
    }

    /// <summary>The transaction's id, which names this event's version.</summary>
    public required TransactionId Id { get; init; }

    /// <summary>How much was moved; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>The balance before.</summary>
    public required Credits Before { get; init; }

    /// <summary>The balance after.</summary>
    public required Credits After { get; init; }

    /// <summary>What was available after, without the overdraft.</summary>
    public required Credits Available { get; init; }

    /// <summary>From or to which lots, in the order taken or given; without a lot: debt made or paid.</summary>
    public required ValueList<Allocation> Allocations { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }

    /// <summary>The type that clients see.</summary>
    public abstract TransactionType Type();

    /// <summary>Whether the balance rose or fell.</summary>
    public abstract Direction Direction();
}

/// <summary>Credits that came in: they pay the debt that stands first.</summary>
public abstract record IncomingEvent : TransactionEvent
{
    private protected IncomingEvent()
    {
    }

    /// <summary>Which debts were paid, by which lots, in that order; null where none stood.</summary>
    public ValueList<DebtPayment>? Pays { get; init; }
}

/// <summary>A consumption, at once or by a capture.</summary>
public abstract record ConsumptionEvent : TransactionEvent
{
    private protected ConsumptionEvent()
    {
    }

    /// <summary>What the credits were spent on.</summary>
    public Spending? Spending { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Consumption;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>The account exists from here on.</summary>
public sealed record AccountOpened : AccountEvent
{
    /// <summary>16 random characters that its ids carry; see <see cref="AccountTag"/>.</summary>
    public required string Tag { get; init; }

    /// <summary>Whose it is.</summary>
    public required Owner Owner { get; init; }

    /// <summary>The unit that it counts.</summary>
    public required string Unit { get; init; }

    /// <summary>The decimals of its amounts, 0 to 6.</summary>
    public required int Scale { get; init; }

    /// <summary>How far below 0 consumptions may go.</summary>
    public required Credits OverdraftLimit { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }
}

/// <summary>Settings were changed; what is null stayed.</summary>
public sealed record AccountChanged : AccountEvent
{
    /// <summary>The new overdraft limit.</summary>
    public Credits? OverdraftLimit { get; init; }

    /// <summary>The new metadata, in place of the old.</summary>
    public Metadata? Metadata { get; init; }
}

/// <summary>The levels at which the account's quotas want to hear of it were set; none of them: no longer.</summary>
public sealed record AccountWatched : AccountEvent
{
    /// <summary>When less than this is available.</summary>
    public Credits? Below { get; init; }

    /// <summary>When this or more is available.</summary>
    public Credits? Above { get; init; }

    /// <summary>When this or more was ever consumed, less what was refunded of it.</summary>
    public Credits? Spent { get; init; }

    /// <summary>When so many calls or more were ever counted.</summary>
    public long? Calls { get; init; }
}

/// <summary>Credits were bought.</summary>
public sealed record CreditsPurchased : IncomingEvent
{
    /// <summary>The lot that they are.</summary>
    public required LotId Lot { get; init; }

    /// <summary>What was paid.</summary>
    public required Money Price { get; init; }

    /// <summary>The payment that this counts, once in a tenant.</summary>
    public string? PaymentId { get; init; }

    /// <summary>When they end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Purchase;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>Credits were given.</summary>
public sealed record CreditsGranted : IncomingEvent
{
    /// <summary>The lot that they are.</summary>
    public required LotId Lot { get; init; }

    /// <summary>Why.</summary>
    public required GrantSource Source { get; init; }

    /// <summary>0 to 255; lower burns first.</summary>
    public required int Priority { get; init; }

    /// <summary>When they end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The subscription's period that they came with; null for all else.</summary>
    public PeriodGrant? Period { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Grant;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>Credits were spent at once.</summary>
public sealed record CreditsConsumed : ConsumptionEvent;

/// <summary>A consumption was taken back, in whole or in part.</summary>
public sealed record ConsumptionRefunded : IncomingEvent
{
    /// <summary>The consumption.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>By how much the debt that the consumption itself had made was lowered.</summary>
    public Credits OwnDebt { get; init; }

    /// <summary>How much of the consumption has been refunded with this.</summary>
    public required RefundedSoFar SoFar { get; init; }

    /// <summary>The resource that may be charged again, where this completed the refund of a once-only charge.</summary>
    public Resource? Freed { get; init; }

    /// <summary>Lots that this makes, opens again, or changes after their end, as they are after it. Other lots only gain their allocation.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.ConsumptionRefund;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>A purchase was taken back, in whole or in part.</summary>
public sealed record PurchaseRefunded : TransactionEvent
{
    /// <summary>The purchase.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The purchase's lot as it is after this, where it held nothing any more before it.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <summary>Of the amount: what other lots gave and what became debt, in place of credits that were gone; null for nothing.</summary>
    public Credits? Elsewhere { get; init; }

    /// <summary>What was refunded besides and nothing covered; null for nothing.</summary>
    public Shortfall? Shortfall { get; init; }

    /// <summary>The refund or dispute of the payment with which the money goes back; null where the account alone knows of it.</summary>
    public string? Refund { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.PurchaseRefund;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>The balance was corrected.</summary>
public sealed record CreditsAdjusted : IncomingEvent
{
    /// <summary>Whether it was corrected down.</summary>
    public bool Negative { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The lot that a correction up makes.</summary>
    public LotId? Lot { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Adjustment;

    /// <inheritdoc/>
    public override Direction Direction() => Negative ? Accounts.Direction.Debit : Accounts.Direction.Credit;
}

/// <summary>Credits went to another account.</summary>
public sealed record CreditsTransferredOut : TransactionEvent
{
    /// <summary>That account.</summary>
    public required AccountId To { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Transfer;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>Credits came from another account.</summary>
public sealed record CreditsTransferredIn : IncomingEvent
{
    /// <summary>That account.</summary>
    public required AccountId From { get; init; }

    /// <summary>The lots that came, in the payer's burn order; one that paid debt alone holds nothing.</summary>
    public required ValueList<Lot> Lots { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Transfer;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>An amount was reserved.</summary>
public sealed record HoldPlaced : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Id { get; init; }

    /// <summary>What it reserves.</summary>
    public required Credits Amount { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What it is for.</summary>
    public Spending? Spending { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A hold became a consumption; what it reserved beyond the amount is free again.</summary>
public sealed record HoldCaptured : ConsumptionEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }
}

/// <summary>A hold was let go.</summary>
public sealed record HoldReleased : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>What it had reserved.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What the call used that came to nothing.</summary>
    public Usage? Usage { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A hold's time ended.</summary>
public sealed record HoldExpired : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>What it had reserved.</summary>
    public required Credits Amount { get; init; }
}

/// <summary>A lot's time ended, or that of the holds that a part of it was kept for. Its note says when that was.</summary>
public sealed record LotExpired : TransactionEvent
{
    /// <summary>The lot.</summary>
    public required LotId Lot { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Expiry;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>Nothing may be spent from here on.</summary>
public sealed record AccountFrozen : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>All goes on as before.</summary>
public sealed record AccountUnfrozen : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>The account ended, for good.</summary>
public sealed record AccountClosed : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}
