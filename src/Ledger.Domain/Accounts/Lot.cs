using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Accounts;

/// <summary>Credits that came in together and have one kind, priority and end.</summary>
public sealed record Lot
{
    /// <summary>The priority of what names none; lower burns first.</summary>
    public const int PriorityDefault = 100;

    /// <summary>The highest priority number.</summary>
    public const int PriorityMax = 255;

    /// <summary>Its id; the older of two has the lower one.</summary>
    public required LotId Id { get; init; }

    /// <summary>Bought or given.</summary>
    public required LotKind Kind { get; init; }

    /// <summary>Why it was given; null where it was bought or adjusted.</summary>
    public GrantSource? Source { get; init; }

    /// <summary>What sort of transaction made it.</summary>
    public required LotOrigin Origin { get; init; }

    /// <summary>All that came in with it, what paid debt at once included.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What it still holds, 0 to <see cref="Amount"/>.</summary>
    public required Credits Remaining { get; init; }

    /// <summary>0 to 255; lower burns first.</summary>
    public required int Priority { get; init; }

    /// <summary>When it ends; null for never. From that moment on it is not spent.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What was paid for it; null where nothing was.</summary>
    public Money? Cost { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The transaction that made it.</summary>
    public required TransactionId TransactionId { get; init; }

    /// <summary>How much of its purchase has been refunded, whatever that was taken from, and though nothing may have covered it.</summary>
    public Credits Revoked { get; init; }

    /// <summary>How much of it has gone on into other lots (transfers, refunds after its end): the cost of the next such part begins there.</summary>
    public Credits Moved { get; init; }

    /// <summary>What took its last credits; null while it holds some.</summary>
    public LotEnd? Ended { get; init; }

    /// <summary>What refunds and disputes of its payment left on it; null for nothing.</summary>
    public LotClaims? Claims { get; init; }

    /// <summary>The subscription whose period it came with; null for all else, and for what has gone on into other lots.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>Whether its payment is disputed: then what it holds counts in the balance and is not spent.</summary>
    public bool IsFrozen => Claims?.Disputes is not null;

    /// <summary>Burn order: lower priority, then what ends sooner (never last), then given before bought, then older.</summary>
    public static int Compare(Lot left, Lot right)
    {
        if (left.Priority != right.Priority) return left.Priority - right.Priority;
        if (left.ExpiresAt != right.ExpiresAt) return left.ExpiresAt is not { } mine ? 1 : right.ExpiresAt is not { } others ? -1 : mine.CompareTo(others);
        if (left.Kind != right.Kind) return left.Kind == LotKind.Granted ? -1 : 1;
        return left.Id.CompareTo(right.Id);
    }

    /// <summary>Whether its time has ended by <paramref name="now"/>. What it then still holds is kept for holds made before.</summary>
    public bool HasExpiredBy(DateTimeOffset now) => ExpiresAt <= now;

    /// <summary>The share of the cost that goes on with the next <paramref name="amount"/> of this lot into another lot.</summary>
    internal Money? CostOfNext(Credits amount) => Cost?.Share(Amount, Amount - Moved, Amount - Moved - amount);

    /// <summary>With more of its purchase refunded (or less, where the amounts are below 0).</summary>
    internal Lot Refunded(Credits amount, Credits elsewhere, Credits shortfall) => this with
    {
        Revoked = Revoked + amount + shortfall,
        Claims = LotClaims.Of(Claims?.Disputes, (Claims?.Elsewhere ?? Credits.Zero) + elsewhere, (Claims?.Shortfall ?? Credits.Zero) + shortfall),
    };

    /// <summary>With one more dispute.</summary>
    internal Lot Disputed(string dispute) => IsDisputedBy(dispute) ? this : this with { Claims = LotClaims.Of([.. Claims?.Disputes ?? [], dispute], Claims?.Elsewhere ?? Credits.Zero, Claims?.Shortfall ?? Credits.Zero) };

    /// <summary>Without this dispute.</summary>
    internal Lot Undisputed(string dispute) => !IsDisputedBy(dispute) ? this : this with { Claims = LotClaims.Of([.. Claims!.Disputes!.Where(other => other != dispute)], Claims.Elsewhere, Claims.Shortfall) };

    /// <summary>Whether this dispute freezes it.</summary>
    internal bool IsDisputedBy(string dispute) => Claims?.Disputes is { } disputes && disputes.Contains(dispute);
}

/// <summary>What refunds and disputes of a payment left on the lot that it bought.</summary>
public sealed record LotClaims
{
    /// <summary>The disputes that freeze it; null for none.</summary>
    public ValueList<string>? Disputes { get; init; }

    /// <summary>Of what has been refunded of the purchase: what other lots gave, or became debt.</summary>
    public Credits Elsewhere { get; init; }

    /// <summary>Of what has been refunded of the purchase: what nothing covered.</summary>
    public Credits Shortfall { get; init; }

    internal static LotClaims? Of(ValueList<string>? disputes, Credits elsewhere, Credits shortfall)
    {
        if (disputes is { Count: 0 }) disputes = null;
        return disputes is null && elsewhere.IsZero && shortfall.IsZero ? null : new() { Disputes = disputes, Elsewhere = elsewhere, Shortfall = shortfall };
    }
}
