namespace Ledger.Domain.Accounts;

/// <summary>What kind of owner an account has.</summary>
public enum OwnerKind
{
    /// <summary>One person.</summary>
    User,

    /// <summary>A team.</summary>
    Workspace,
}

/// <summary>Whose account it is, by the app's own id.</summary>
public sealed record Owner(OwnerKind Kind, string Id);

/// <summary>Where an account is in its life.</summary>
public enum AccountStatus
{
    /// <summary>Everything goes.</summary>
    Open,

    /// <summary>Nothing may be spent, held or transferred out; all else goes on.</summary>
    Frozen,

    /// <summary>For good.</summary>
    Closed,
}

/// <summary>Whether a lot was paid for.</summary>
public enum LotKind
{
    /// <summary>Paid for.</summary>
    Purchased,

    /// <summary>Given.</summary>
    Granted,
}

/// <summary>Why credits were given.</summary>
public enum GrantSource
{
    /// <summary>They come with a subscription's period.</summary>
    Subscription,

    /// <summary>A bonus.</summary>
    Bonus,

    /// <summary>A reward for bringing somebody.</summary>
    Referral,

    /// <summary>A promotion.</summary>
    Promotion,

    /// <summary>Amends for a fault.</summary>
    Compensation,
}

/// <summary>What sort of transaction made a lot.</summary>
public enum LotOrigin
{
    /// <summary>A purchase.</summary>
    Purchase,

    /// <summary>A grant.</summary>
    Grant,

    /// <summary>A positive adjustment.</summary>
    Adjustment,

    /// <summary>A transfer from another account.</summary>
    Transfer,

    /// <summary>Credits on their way back, of a consumption or of a purchase's refund that failed, where their own lot could not take them.</summary>
    Refund,
}

/// <summary>What took the last credits of a lot that holds nothing.</summary>
public enum LotEnd
{
    /// <summary>Spent: by consumptions, captures, negative adjustments, debt, or the refund of another purchase.</summary>
    Depleted,

    /// <summary>Its time ended.</summary>
    Expired,

    /// <summary>Its purchase was refunded.</summary>
    Revoked,

    /// <summary>Moved to another account.</summary>
    Transferred,
}

/// <summary>Where a hold is in its life.</summary>
public enum HoldState
{
    /// <summary>It reserves its amount.</summary>
    Active,

    /// <summary>It became a consumption.</summary>
    Captured,

    /// <summary>It was let go.</summary>
    Released,

    /// <summary>Its time ended.</summary>
    Expired,
}

/// <summary>The types of transactions.</summary>
public enum TransactionType
{
    /// <summary>Credits bought.</summary>
    Purchase,

    /// <summary>Credits given.</summary>
    Grant,

    /// <summary>Credits spent, at once or by a capture.</summary>
    Consumption,

    /// <summary>A consumption taken back.</summary>
    ConsumptionRefund,

    /// <summary>A purchase taken back.</summary>
    PurchaseRefund,

    /// <summary>Credits whose time ended.</summary>
    Expiry,

    /// <summary>A correction.</summary>
    Adjustment,

    /// <summary>Credits moved from or to another account.</summary>
    Transfer,
}

/// <summary>Which way a transaction moves the balance.</summary>
public enum Direction
{
    /// <summary>Up.</summary>
    Credit,

    /// <summary>Down.</summary>
    Debit,
}

/// <summary>What any command may say about itself. Information only: no rule reads it, but the bounds of <paramref name="OccurredAt"/>.</summary>
/// <param name="Actor">Who did it, in a shared account.</param>
/// <param name="Description">For people.</param>
/// <param name="Reference">The app's own id.</param>
/// <param name="Metadata">At most <see cref="Domain.Metadata.MembersMax"/> members.</param>
/// <param name="OccurredAt">When it happened, where that is not when it was recorded: at most 35 days before, at most a minute after.</param>
public sealed record Note(string? Actor = null, string? Description = null, string? Reference = null, Metadata? Metadata = null, DateTimeOffset? OccurredAt = null)
{
    /// <summary>How far back <see cref="OccurredAt"/> may be.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromDays(35);

    /// <summary>How far ahead <see cref="OccurredAt"/> may be, for clocks that differ.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(1);
}

/// <summary>The thing that credits were spent on, by the app's own type and id.</summary>
public sealed record Resource(string Type, string Id);

/// <summary>What a call used, as the app measured it.</summary>
/// <param name="InputTokens">Tokens read; 0 or more.</param>
/// <param name="OutputTokens">Tokens written; 0 or more.</param>
/// <param name="ProcessingTimeMs">Milliseconds.</param>
/// <param name="Success">Whether the call succeeded.</param>
/// <param name="ErrorMessage">What went wrong.</param>
/// <param name="RequestData">Canonical JSON text; the domain does not look into it.</param>
public sealed record Usage(long? InputTokens = null, long? OutputTokens = null, long? ProcessingTimeMs = null, bool? Success = null, string? ErrorMessage = null, string? RequestData = null);

/// <summary>What credits are spent on.</summary>
/// <param name="Service">The app's service, such as chat_assistant.</param>
/// <param name="Operation">What it did, such as completion.</param>
/// <param name="Resource">The thing it was done for.</param>
/// <param name="OncePerResource">A second consumption for the same resource does not charge again.</param>
/// <param name="Usage">What the call used.</param>
public sealed record Spending(string? Service = null, string? Operation = null, Resource? Resource = null, bool OncePerResource = false, Usage? Usage = null);

/// <summary>A part of a transaction: so much from or to a lot; without a lot it is debt, made or paid.</summary>
public readonly record struct Allocation(LotId? Lot, Credits Amount);

/// <summary>Credits that came in by <paramref name="Lot"/> and paid debt that the transaction at version <paramref name="Debt"/> had made.</summary>
public readonly record struct DebtPayment(long Debt, LotId Lot, Credits Amount);

/// <summary>What still stands of the debt that the transaction at <paramref name="Version"/> made; more than 0.</summary>
public readonly record struct Debt(long Version, Credits Left);

/// <summary>Credits of a purchase whose money went back and that could not be revoked.</summary>
/// <param name="Amount">How many; more than 0.</param>
/// <param name="Cost">Their share of the price: what is lost.</param>
public sealed record Shortfall(Credits Amount, Money Cost);

/// <summary>How much of a consumption has been refunded: by lowering its own debt, to lots that had paid that debt, and to the lots that it burned.</summary>
public readonly record struct RefundedSoFar(Credits Debt, Credits Paid, Credits Lots)
{
    /// <summary>All of it together.</summary>
    public Credits Total() => Debt + Paid + Lots;
}

/// <summary>An amount reserved, not yet spent.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Amount">What it reserves; more than 0.</param>
/// <param name="CreatedAt">When it was placed.</param>
/// <param name="ExpiresAt">When it ends by itself.</param>
/// <param name="Spending">What it is for.</param>
/// <param name="Note">What was said about it.</param>
public sealed record Hold(HoldId Id, Credits Amount, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, Spending? Spending = null, Note? Note = null);

/// <summary>Everything that ever came and went, each 0 or more but <see cref="Adjusted"/> and <see cref="Transferred"/>, which have a sign.</summary>
public sealed record Totals
{
    /// <summary>Nothing yet.</summary>
    public static Totals Zero { get; } = new();

    /// <summary>Bought.</summary>
    public Credits Purchased { get; init; }

    /// <summary>Given.</summary>
    public Credits Granted { get; init; }

    /// <summary>Spent.</summary>
    public Credits Consumed { get; init; }

    /// <summary>Given back of consumptions.</summary>
    public Credits Refunded { get; init; }

    /// <summary>Taken back of purchases.</summary>
    public Credits Revoked { get; init; }

    /// <summary>Ended by time.</summary>
    public Credits Expired { get; init; }

    /// <summary>Corrected, up less down.</summary>
    public Credits Adjusted { get; init; }

    /// <summary>Transferred, in less out.</summary>
    public Credits Transferred { get; init; }

    /// <summary>Consumed, less what was given back of it.</summary>
    public Credits Spent() => Consumed - Refunded;
}
