using System.Collections.Immutable;
using System.Globalization;

namespace Ledger.Domain.Accounts;

// What many commands check alike, and how they append.
internal static class Checks
{
    public static Refusal? Amount(Account account, string member, Credits amount)
    {
        if (!amount.IsPositive) return new InvalidAmount(member, "must be more than 0");
        return Size(account, member, amount);
    }

    public static Refusal? Size(Account account, string member, Credits amount)
    {
        if (Credits.Abs(amount) > Credits.AmountMax) return new InvalidAmount(member, $"must be at most {Credits.AmountMax}");
        if (amount.Scale > account.Scale) return new InvalidAmount(member, string.Create(CultureInfo.InvariantCulture, $"may have at most {account.Scale} decimals on this account"));
        return null;
    }

    public static Refusal? Note(Note? note, DateTimeOffset now)
    {
        if (note is null) return null;
        if (Metadata(note.Metadata) is { } wrong) return wrong;
        if (note.OccurredAt > now + Accounts.Note.AheadMax) return new InvalidRequest("occurredAt", "must not be in the future");
        if (note.OccurredAt < now - Accounts.Note.AgeMax) return new InvalidRequest("occurredAt", "must be at most 35 days back");
        return null;
    }

    public static Refusal? Metadata(Metadata? metadata) =>
        metadata?.Count > Domain.Metadata.MembersMax ? new InvalidRequest("metadata", string.Create(CultureInfo.InvariantCulture, $"may have at most {Domain.Metadata.MembersMax} members")) : null;

    public static Refusal? End(DateTimeOffset? expiresAt, DateTimeOffset now) => expiresAt <= now ? new InvalidRequest("expiresAt", "has passed") : null;

    public static Refusal? Once(Spending? spending) => spending is { OncePerResource: true, Resource: null } ? new InvalidRequest("resource", "is needed with oncePerResource") : null;

    public static Refusal? NotClosed(Account account) => account.Status == AccountStatus.Closed ? new AccountIsClosed(account.Id) : null;

    public static Refusal? NotFrozen(Account account) => account.Status == AccountStatus.Frozen ? new AccountIsFrozen(account.Id) : null;

    public static Refusal? Room(Account account, int more) => more > 0 && account.Lots.Length + more > Account.LotsMax ? new LimitReached("lots that hold something", Account.LotsMax) : null;

    // A lot as settled: live, or ended by this very settlement (so that it is no fact yet), or ended before.
    public static Lot? Lot(Account before, Account settled, Recollection past, LotId id)
    {
        if (settled.FindLot(id) is { } live) return live;
        return before.FindLot(id) is { } ended ? ended with { Remaining = Credits.Zero, Ended = LotEnd.Expired } : past.Find<LotClosed>(FactName.Lot(id))?.Lot;
    }

    // The settlement first, then what answers.
    public static Decision Append(Settled settled, AccountEvent answer) =>
        settled.Events.IsEmpty ? Decision.Append(settled.Account.Id, answer) : Decision.Append(settled.Account.Id, settled.Events.Add(answer), settled.Events.Length);

    public static ImmutableArray<AccountEvent>.Builder Begin(Settled settled)
    {
        var events = ImmutableArray.CreateBuilder<AccountEvent>();
        events.AddRange(settled.Events);
        return events;
    }
}
