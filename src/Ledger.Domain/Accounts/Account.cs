using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

// ---- State: what the next decision needs, and no more. What is over leaves it as a fact. ----

/// <summary>An account as its events made it. Immutable; equal to another one when all that is saved of them is.</summary>
public sealed partial record Account
{
    /// <summary>The most lots that may hold something at once.</summary>
    public const int LotsMax = 10_000;

    /// <summary>The most holds that may be active at once.</summary>
    public const int HoldsMax = 1_000;

    /// <summary>The most characters that active holds may carry together (service, resource, usage, description, metadata ...): they stay in the state.</summary>
    public const int HoldTextMax = 262_144;

    /// <summary>The most transactions whose debt may stand at once; captures and refunds of purchases, which are never refused for it, may pass it.</summary>
    public const int DebtsMax = 10_000;

    private long soonest; // UTC ticks of the soonest end of a lot that is not settled yet; 0 where not looked for

    /// <summary>Its name.</summary>
    public required AccountId Id { get; init; }

    /// <summary>How many events made it; 0 when it was never opened.</summary>
    public long Version { get; init; }

    /// <summary>What its ids carry; see <see cref="AccountTag"/>.</summary>
    public string Tag { get; init; } = "";

    /// <summary>Whose it is.</summary>
    public Owner Owner { get; init; } = new(OwnerKind.User, "");

    /// <summary>The unit that it counts.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The decimals of its amounts, 0 to 6.</summary>
    public int Scale { get; init; }

    /// <summary>How far below 0 consumptions, holds and captures may take what is available.</summary>
    public Credits OverdraftLimit { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata Metadata { get; init; } = Metadata.Empty;

    /// <summary>Open, frozen or closed.</summary>
    public AccountStatus Status { get; init; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last event was recorded. Everything due by then has been settled, so a lot that ended by then and still holds something is kept for holds.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What its lots hold, less its debt.</summary>
    public Credits Balance { get; init; }

    /// <summary>What its active holds reserve.</summary>
    public Credits Held { get; init; }

    /// <summary>What stands of its debts, together.</summary>
    public Credits Debt { get; init; }

    /// <summary>Everything that ever came and went.</summary>
    public Totals Totals { get; init; } = Totals.Zero;

    /// <summary>Calls so far: consumptions, at once or by a capture, and releases of holds that logged one.</summary>
    public long Calls { get; init; }

    /// <summary>The levels at which its quotas want to hear of it; null for none.</summary>
    public AccountWatch? Watch { get; init; }

    /// <summary>The lots that hold something, in burn order.</summary>
    public ImmutableArray<Lot> Lots
    {
        get;
        init
        {
            field = value;
            soonest = 0;
        }
    } = [];

    /// <summary>The active holds, oldest first.</summary>
    public ImmutableArray<Hold> Holds { get; init; } = [];

    /// <summary>The debts that stand, oldest first.</summary>
    public ImmutableArray<Debt> Debts { get; init; } = [];

    /// <summary>What came with its subscription; null where no subscription ever gave credits.</summary>
    public PeriodCredits? Period { get; init; }

    /// <summary>The facts that the last event produced, in order. Not saved.</summary>
    public ImmutableArray<Fact> Left { get; init; } = [];

    /// <summary>Whether it was ever opened.</summary>
    public bool Exists => Version > 0;

    /// <summary>Credits of lots whose payment is disputed: they count and can't be spent.</summary>
    public Credits Frozen { get; init; }

    /// <summary>What may be spent without the overdraft; below 0 where that is used.</summary>
    public Credits Available => Balance - Held - Frozen;

    /// <summary>An account that was never opened.</summary>
    public static Account Unopened(AccountId id) => new() { Id = id };

    /// <summary>A lot that holds something, or null.</summary>
    public Lot? FindLot(LotId id)
    {
        foreach (var lot in Lots)
        {
            if (lot.Id == id) return lot;
        }

        return null;
    }

    /// <summary>An active hold, or null.</summary>
    public Hold? FindHold(HoldId id)
    {
        var at = IndexOf(id);
        return at < 0 ? null : Holds[at];
    }

    /// <summary>All that ends at the soonest time after <paramref name="now"/>, or null where nothing ends. Ask the state as settled at that time.</summary>
    public (Credits Amount, DateTimeOffset At)? NextExpiryAfter(DateTimeOffset now)
    {
        var at = DateTimeOffset.MaxValue;
        var amount = Credits.Zero;
        foreach (var lot in Lots)
        {
            if (lot.ExpiresAt is not { } end || end <= now || end > at) continue;
            amount = end == at ? amount + lot.Remaining : lot.Remaining;
            at = end;
        }

        return amount.IsZero ? null : (amount, at);
    }

    /// <summary>When the credits that come with its subscription are reset next, after <paramref name="now"/>; null where none came, or none ends.</summary>
    public DateTimeOffset? NextResetAfter(DateTimeOffset now) => Period?.ResetsAt is { } at && at > now ? at : null;

    /// <summary>Whether all that is saved of both is equal.</summary>
    public bool Equals(Account? other) =>
        other is not null && Id == other.Id && Version == other.Version && Tag == other.Tag && Owner == other.Owner && Unit == other.Unit && Scale == other.Scale && OverdraftLimit == other.OverdraftLimit
        && Metadata.Equals(other.Metadata) && Status == other.Status && CreatedAt == other.CreatedAt && UpdatedAt == other.UpdatedAt && Balance == other.Balance && Held == other.Held && Debt == other.Debt && Frozen == other.Frozen
        && Totals == other.Totals && Lots.AsSpan().SequenceEqual(other.Lots.AsSpan()) && Holds.AsSpan().SequenceEqual(other.Holds.AsSpan()) && Debts.AsSpan().SequenceEqual(other.Debts.AsSpan()) && Period == other.Period && Calls == other.Calls && Watch == other.Watch;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Version);

    private int IndexOf(HoldId id)
    {
        int low = 0, high = Holds.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Holds[middle].Id.CompareTo(id);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return -1;
    }
}
